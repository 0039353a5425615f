using System.Text.Json;

namespace Tiercel.Bench.Gateway;

/// <summary>What was measured of one contender at one workload.</summary>
internal sealed record Measured(string Workload, string Contender)
{
    public static JsonSerializerOptions Json { get; } = new() { WriteIndented = true };

    /// <summary>Of single requests, microseconds.</summary>
    public List<double> Latencies { get; } = [];

    /// <summary>Requests a second, of each round.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>CPU a request, of each round.</summary>
    public List<double> CpuMicroseconds { get; } = [];

    public double MegabytesBefore { get; init; }

    public double MegabytesOpen { get; init; }

    public static double Quantile(List<double> values, double share)
    {
        List<double> sorted = [.. values.Order()];
        return sorted.Count == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Count - 1, share * sorted.Count)];
    }
}

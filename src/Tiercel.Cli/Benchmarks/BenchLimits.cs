namespace Tiercel.Cli.Benchmarks;

/// <summary>What of the machine a test is limited by.</summary>
internal static class BenchLimits
{
    public const string ReadBandwidth = "read_bandwidth";
    public const string IntegerPeak = "integer_peak";
}

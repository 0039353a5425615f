using System.Diagnostics;
using System.Globalization;

namespace Tiercel.Bench.Overload;

/// <summary>
/// Which processors the workers have and which the gateway and the load: halves of the machine, as if they were machines of their own. Where they share
/// processors, whoever offers more load makes the workers slower, whatever the gateway decides. Without <c>taskset</c> (util-linux) they share.
/// </summary>
/// <param name="OfGateway">As taskset's <c>-c</c> takes them; null for all.</param>
/// <param name="OfWorkers">As taskset's <c>-c</c> takes them; null for all.</param>
internal sealed record Processors(string? OfGateway, string? OfWorkers)
{
    /// <summary>Divides the machine, and moves this process, which offers the load, to the gateway's half.</summary>
    public static Processors Divide()
    {
        int half = Environment.ProcessorCount / 2;
        if (half == 0 || !File.Exists("/usr/bin/taskset"))
        {
            return new Processors(null, null);
        }

        string gateway = half == 1 ? "0" : string.Create(CultureInfo.InvariantCulture, $"0-{half - 1}");
        string workers = string.Create(CultureInfo.InvariantCulture, $"{half}-{Environment.ProcessorCount - 1}");
        using Process move = Process.Start(new ProcessStartInfo("taskset", ["-a", "-c", "-p", gateway, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        move.StandardOutput.ReadToEnd();
        move.WaitForExit();
        return move.ExitCode == 0 ? new Processors(gateway, workers) : new Processors(null, null);
    }

    public static ProcessStartInfo Start(string? processors, string[] command)
    {
        string[] whole = processors is null ? command : ["taskset", "-c", processors, .. command];
        return new ProcessStartInfo(whole[0], whole[1..]) { UseShellExecute = false };
    }

    public override string ToString() => OfGateway is null ? "gateway, load and workers share all processors" : $"gateway and load on processors {OfGateway}, workers on {OfWorkers}";
}

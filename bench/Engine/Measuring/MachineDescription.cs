using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.Limits;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>What the numbers were measured on.</summary>
/// <param name="ReadGigabytes">GB/s that the threads read from memory together.</param>
/// <param name="IntegerGigaOperations">GOP/s of 8-bit products that the threads compute together.</param>
internal sealed record MachineDescription(
    string Processor, int Processors, string System, string Runtime, string KernelPath, bool GeneratedCode, int Threads, double ReadGigabytes, double IntegerGigaOperations)
{
    public static MachineDescription Measure(int threads)
    {
        using ThreadTeam team = new(threads);
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return new MachineDescription(
            line?.Split(':')[1].Trim() ?? "unknown processor",
            Environment.ProcessorCount,
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
            KernelPaths.Name,
            KernelPaths.UsesGeneratedCode,
            threads,
            MachineLimits.ReadBandwidth(team, TimeProvider.System),
            MachineLimits.IntegerPeak(team, TimeProvider.System));
    }

    public override string ToString()
        => $"{Processor}, {Processors} processors, {System}, {Runtime}; kernels {KernelPath}{(GeneratedCode ? " with generated code" : "")}, {Threads} threads; "
            + $"read bandwidth {ReadGigabytes:f1} GB/s, integer peak {IntegerGigaOperations:f0} GOP/s";
}

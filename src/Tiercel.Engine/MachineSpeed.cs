using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.Limits;

namespace Tiercel.Engine;

/// <summary>What a machine can do at most with a number of threads: the figures that the speed of a model on it is compared with.</summary>
/// <param name="ReadBytesPerSecond">Bytes a second that the threads read from memory together: the limit of decoding one stream.</param>
/// <param name="IntegerOperationsPerSecond">Multiplications and additions of 8-bit numbers a second: the limit of reading a prompt.</param>
public sealed record MachineSpeed(double ReadBytesPerSecond, double IntegerOperationsPerSecond)
{
    /// <summary>Measures for about two seconds, with half a gigabyte of memory (less where less is free). Other work on the machine lowers the figures.</summary>
    /// <param name="threads">Threads to measure with, at least 1.</param>
    /// <param name="time">The clock.</param>
    public static MachineSpeed Measure(int threads, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        using ThreadTeam team = new(threads, time);
        return new MachineSpeed(MachineLimits.ReadBandwidth(team, time) * 1e9, MachineLimits.IntegerPeak(team, time) * 1e9);
    }
}

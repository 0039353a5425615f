using System.Runtime.InteropServices;

namespace Tiercel.Testing;

/// <summary>The time for which this thread has had a processor.</summary>
internal static class ThreadTime
{
    /// <summary><c>CLOCK_THREAD_CPUTIME_ID</c> of Linux.</summary>
    private const int ClockOfThread = 3;

    /// <summary>Where a thread's own time is not to be had it is that of the process, which is no less.</summary>
    public static TimeSpan Used() =>
        OperatingSystem.IsLinux() && ReadClock(ClockOfThread, out Reading time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick)
            : Environment.CpuUsage.TotalTime;

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadClock(int clock, out Reading time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Reading
    {
        /// <summary><c>time_t</c>, 64 bits wide on all that this runs on.</summary>
        public readonly long Seconds;

        public readonly long Nanoseconds;
    }
}

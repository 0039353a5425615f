using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Native memory for weights, in large pages where the system gives them on request (Linux' transparent huge pages): with small ones a kernel of one row spends a good
/// part of its time on address translation, and the processor's prefetching stops at every 4 KiB.
/// </summary>
internal static unsafe partial class LargePages
{
    public const int PageBytes = 2 << 20;

    // Of Linux.
    private const int UseHugePages = 14; // MADV_HUGEPAGE
    private const int UseSmallPages = 15; // MADV_NOHUGEPAGE
    private const int ThreadProcessorTime = 3; // CLOCK_THREAD_CPUTIME_ID

    /// <summary>Memory whose content is undefined; <see cref="NativeMemory.AlignedFree"/> gives it back.</summary>
    public static byte* Allocate(nuint bytes)
    {
        byte* address = (byte*)NativeMemory.AlignedAlloc(bytes, bytes < PageBytes ? 64u : PageBytes);
        if (bytes >= PageBytes)
        {
            Wish(address, bytes, large: true);
        }

        return address;
    }

    /// <summary>Asks for large or small pages where there are none yet; where large ones are refused, small ones serve.</summary>
    public static void Wish(byte* address, nuint bytes, bool large)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(address, bytes, large ? UseHugePages : UseSmallPages);
        }
    }

    /// <summary>Processor time of the calling thread in nanoseconds, the system's work for it included; 0 where it is not known.</summary>
    public static long ThreadNanoseconds()
    {
        long* time = stackalloc long[2];
        return OperatingSystem.IsLinux() && nint.Size == 8 && ReadClock(ThreadProcessorTime, time) == 0 ? (time[0] * 1_000_000_000) + time[1] : 0;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ReadClock(int clock, long* time);
}

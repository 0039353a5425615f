using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Native memory for weights, in large pages where the system gives them on request (Linux' transparent huge pages): with small ones a kernel of one row spends a good
/// part of its time on address translation, and the processor's prefetching stops at every 4 KiB.
/// </summary>
internal static unsafe partial class LargePages
{
    private const nuint PageBytes = 2 << 20;
    private const int UseHugePages = 14; // MADV_HUGEPAGE of Linux

    /// <summary>Memory whose content is undefined; <see cref="NativeMemory.AlignedFree"/> gives it back.</summary>
    public static byte* Allocate(nuint bytes)
    {
        byte* address = (byte*)NativeMemory.AlignedAlloc(bytes, bytes < PageBytes ? 64 : PageBytes);
        if (bytes >= PageBytes && OperatingSystem.IsLinux())
        {
            // A wish: where it is refused, small pages serve.
            _ = Advise(address, bytes, UseHugePages);
        }

        return address;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}

using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>Pages with generated code: written while writable, then made executable, never both. They live as long as the process.</summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int ProtectExecute = 4;
    private const int MapPrivateAnonymous = 0x22;
    private const uint CommitAndReserve = 0x3000;
    private const uint PageReadWrite = 0x04;
    private const uint PageExecuteRead = 0x20;

    /// <summary>Places code; null where the system does not allow it.</summary>
    public static byte* Place(ReadOnlySpan<byte> code)
    {
        if (OperatingSystem.IsLinux())
        {
            return PlaceOnLinux(code);
        }

        return OperatingSystem.IsWindows() ? PlaceOnWindows(code) : null;
    }

    private static byte* PlaceOnLinux(ReadOnlySpan<byte> code)
    {
        byte* page = Map(null, (nuint)code.Length, ProtectRead | ProtectWrite, MapPrivateAnonymous, -1, 0);
        if (page == (byte*)-1)
        {
            return null;
        }

        code.CopyTo(new Span<byte>(page, code.Length));
        if (Protect(page, (nuint)code.Length, ProtectRead | ProtectExecute) == 0)
        {
            return page;
        }

        _ = Unmap(page, (nuint)code.Length);
        return null;
    }

    private static byte* PlaceOnWindows(ReadOnlySpan<byte> code)
    {
        byte* page = VirtualAlloc(null, (nuint)code.Length, CommitAndReserve, PageReadWrite);
        if (page is null)
        {
            return null;
        }

        code.CopyTo(new Span<byte>(page, code.Length));
        return VirtualProtect(page, (nuint)code.Length, PageExecuteRead, out _) != 0 ? page : null;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial byte* Map(byte* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(byte* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(byte* address, nuint length);

    [LibraryImport("kernel32", EntryPoint = "VirtualAlloc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial byte* VirtualAlloc(byte* address, nuint length, uint type, uint protection);

    [LibraryImport("kernel32", EntryPoint = "VirtualProtect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualProtect(byte* address, nuint length, uint protection, out uint old);
}

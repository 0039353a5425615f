using System.Globalization;

namespace Tiercel.Engine.Models;

/// <summary>What the machine, or the container, still has.</summary>
public static class FreeMemory
{
    /// <summary>
    /// Bytes that can be taken without swapping. On Linux the kernel's own estimate, which counts the page cache as free; elsewhere the runtime's. A container's limit
    /// is respected through the runtime, which reads it.
    /// </summary>
    public static long Bytes()
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long byRuntime = Math.Max(0, memory.TotalAvailableMemoryBytes - Environment.WorkingSet);
        return ReadKernelEstimate() is long byKernel ? Math.Min(byRuntime, byKernel) : Math.Max(0, Math.Min(byRuntime, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes));
    }

    /// <summary>MemAvailable of /proc/meminfo, which counts in KiB.</summary>
    private static long? ReadKernelEstimate()
    {
        const string Key = "MemAvailable:";
        if (!OperatingSystem.IsLinux() || !File.Exists("/proc/meminfo"))
        {
            return null;
        }

        string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(text => text.StartsWith(Key, StringComparison.Ordinal));
        string? kibibytes = line?[Key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return long.TryParse(kibibytes, CultureInfo.InvariantCulture, out long value) ? value * 1024 : null;
    }
}

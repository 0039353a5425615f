using System.Globalization;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Memory of a process as Linux counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>Bytes that no file backs: the part of its memory that only this process has. 0 where the system does not tell.</summary>
    public static double AnonymousBytes(int process) => Kilobytes(process, "Anonymous:") * 1024;

    private static double Kilobytes(int process, string field)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps_rollup");
        string? line = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) : null;
        return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

using System.Text;

namespace Tiercel.Cli.ModelStore;

/// <summary>Turns names from elsewhere into paths below a folder, and refuses those that could lead out of it.</summary>
internal static class StorePaths
{
    private const int MaxSegmentBytes = 255;
    private const int MaxSegments = 8;

    /// <summary>Characters that separate or mean something else on some system, so that a store can be copied between them.</summary>
    private static readonly string Forbidden = "\\:*?\"<>|";

    /// <summary>Names that mean a device on Windows, whatever ending follows.</summary>
    private static readonly string[] Devices =
    [
        "CON", "PRN", "AUX", "NUL", .. Enumerable.Range(0, 10).Select(number => $"COM{number}"), .. Enumerable.Range(0, 10).Select(number => $"LPT{number}"),
    ];

    /// <summary>Whether this is a plain relative path: no <c>..</c>, no root, no backslash, no control characters.</summary>
    public static bool IsSafe(string path)
    {
        string[] segments = path.Split('/');
        return segments.Length <= MaxSegments && segments.All(IsSafeSegment);
    }

    /// <summary>Path of something below a folder.</summary>
    /// <exception cref="ModelStoreException">The name could lead out of the folder.</exception>
    public static string Below(string folder, string path)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        string full = IsSafe(path) ? Path.GetFullPath(Path.Combine(root, path)) : string.Empty;

        // The second look is at what the system makes of the path, not at the text.
        return full.StartsWith(root, StringComparison.Ordinal) ? full : throw new ModelStoreException($"'{Show(path)}' is not a safe file name");
    }

    /// <summary>A name as it may be shown on a terminal.</summary>
    public static string Show(string name)
    {
        string cut = name.Length <= 200 ? name : $"{name.AsSpan(0, 200)}…";
        return string.Concat(cut.Select(character => char.IsControl(character) ? '\uFFFD' : character));
    }

    private static bool IsSafeSegment(string segment)
        => segment.Length > 0
            && segment[0] is not (' ' or '.')
            && segment[^1] is not (' ' or '.')
            && Encoding.UTF8.GetByteCount(segment) <= MaxSegmentBytes
            && !segment.Any(char.IsControl)
            && !segment.AsSpan().ContainsAny(Forbidden)
            && !(OperatingSystem.IsWindows() && Devices.Contains(segment.Split('.')[0], StringComparer.OrdinalIgnoreCase));
}

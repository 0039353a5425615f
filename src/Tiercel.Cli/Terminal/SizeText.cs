using System.Globalization;

namespace Tiercel.Cli.Terminal;

/// <summary>Sizes as people write them: <c>2GiB</c>, <c>512M</c>, <c>1.5 GB</c>, <c>4096</c>.</summary>
internal static class SizeText
{
    private static readonly (string Suffix, long Unit)[] Units =
    [
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
        ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40), ("b", 1), ("", 1),
    ];

    /// <summary>Reads a size of at least one byte.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string lower = text.Trim().ToLowerInvariant();
        (string suffix, long unit) = Units.First(u => lower.EndsWith(u.Suffix, StringComparison.Ordinal));
        string number = lower[..^suffix.Length].TrimEnd();
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value > long.MaxValue / unit)
        {
            return false;
        }

        bytes = (long)(value * unit);
        return bytes > 0;
    }
}

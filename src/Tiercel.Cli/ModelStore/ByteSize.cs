using System.Globalization;

namespace Tiercel.Cli.ModelStore;

/// <summary>Byte counts as people read them, in powers of 1000, as disks and download pages count.</summary>
internal static class ByteSize
{
    private static readonly string[] Units = ["kB", "MB", "GB", "TB", "PB", "EB"];

    public static string Format(long bytes)
    {
        if (bytes < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        }

        double value = bytes;
        int unit = -1;
        while (value >= 999.5 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:G3} {Units[unit]}");
    }
}

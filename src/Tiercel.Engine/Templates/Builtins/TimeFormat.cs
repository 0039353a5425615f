using System.Globalization;
using System.Text;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>C's <c>strftime</c> in the C locale.</summary>
internal static class TimeFormat
{
    public static string Apply(DateTimeOffset time, string format)
    {
        StringBuilder result = new(format.Length);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            i++;
            // GNU's %-d leaves out the leading zero.
            bool bare = format[i] == '-' && i + 1 < format.Length;
            i += bare ? 1 : 0;
            string field = Field(time, format[i]);
            result.Append(bare && field.Length > 1 ? field.TrimStart('0', ' ') is { Length: > 0 } short_ ? short_ : "0" : field);
        }

        return result.ToString();
    }

    private static string Field(DateTimeOffset time, char letter)
    {
        string? pattern = letter switch
        {
            'Y' => "yyyy",
            'y' => "yy",
            'm' => "MM",
            'd' => "dd",
            'B' => "MMMM",
            'b' or 'h' => "MMM",
            'A' => "dddd",
            'a' => "ddd",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'p' => "tt",
            'f' => "ffffff",
            'D' or 'x' => "MM'/'dd'/'yy",
            'F' => "yyyy'-'MM'-'dd",
            'T' or 'X' => "HH':'mm':'ss",
            'R' => "HH':'mm",
            _ => null,
        };
        if (pattern is not null)
        {
            // A lone letter would be taken as the name of a standard format; these patterns all have two or more.
            return time.ToString(pattern, CultureInfo.InvariantCulture);
        }

        return letter switch
        {
            '%' => "%",
            'n' => "\n",
            't' => "\t",
            'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'z' => time.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal),
            'Z' => time.Offset == TimeSpan.Zero ? "UTC" : time.ToString("zzz", CultureInfo.InvariantCulture),
            's' => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'c' => time.ToString("ddd MMM ", CultureInfo.InvariantCulture) + Field(time, 'e') + time.ToString(" HH:mm:ss yyyy", CultureInfo.InvariantCulture),
            _ => throw new ChatTemplateException($"strftime_now() does not know '%{letter}'"),
        };
    }
}

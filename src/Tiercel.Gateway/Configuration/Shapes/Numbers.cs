using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Numbers, truth values, durations and sizes.</summary>
internal static class Numbers
{
    private static readonly (string Unit, long Ticks)[] DurationUnits =
        [("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour)];

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Bytes)[] SizeUnits = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    public static Shape<bool> Boolean { get; } = new ScalarShape<bool>(
        "true or false",
        () => new JsonObject { ["type"] = "boolean" },
        ReadBoolean,
        value => value ? "true" : "false");

    public static Shape<int> Integer(int min, int max) => new ScalarShape<int>(
        "whole number",
        () => new JsonObject { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max },
        (YamlScalar scalar, ReadingContext context, out int value) =>
        {
            string? reason = ReadLong(scalar, min, max, out long number);
            value = (int)number;
            return reason;
        },
        value => value.ToString(CultureInfo.InvariantCulture));

    public static Shape<long> Long(long min, long max) => new ScalarShape<long>(
        "whole number",
        () => new JsonObject { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max },
        (YamlScalar scalar, ReadingContext context, out long value) => ReadLong(scalar, min, max, out value),
        value => value.ToString(CultureInfo.InvariantCulture));

    public static Shape<double> Number(double min, double max) => new ScalarShape<double>(
        "number",
        () => new JsonObject { ["type"] = "number", ["minimum"] = min, ["maximum"] = max },
        (YamlScalar scalar, ReadingContext context, out double value) =>
        {
            value = 0;
            return !scalar.IsPlain || !double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || !double.IsFinite(value)
                ? $"wants a number, and this is {Show(scalar)}"
                : value < min || value > max ? FormattableString.Invariant($"must be between {min} and {max}, and this is {value}") : null;
        },
        value => value.ToString("R", CultureInfo.InvariantCulture));

    public static Shape<decimal> Money(decimal max) => new ScalarShape<decimal>(
        "amount",
        () => new JsonObject { ["type"] = "number", ["minimum"] = 0, ["maximum"] = max },
        (YamlScalar scalar, ReadingContext context, out decimal value) =>
        {
            value = 0;
            const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
            return !scalar.IsPlain || !decimal.TryParse(scalar.Text, Style, CultureInfo.InvariantCulture, out value)
                ? $"wants an amount such as 0.15, and this is {Show(scalar)}"
                : value < 0 || value > max ? FormattableString.Invariant($"must be between 0 and {max}, and this is {value}") : null;
        },
        value => (value / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture));

    public static Shape<TimeSpan> Duration(TimeSpan min, TimeSpan max) => new ScalarShape<TimeSpan>(
        "duration",
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$" },
        (YamlScalar scalar, ReadingContext context, out TimeSpan value) => ReadDuration(scalar, min, max, out value),
        FormatDuration);

    /// <summary>Bytes.</summary>
    public static Shape<long> Size(long min, long max) => new ScalarShape<long>(
        "size",
        () => new JsonObject { ["type"] = new JsonArray("string", "integer"), ["pattern"] = "^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)$", ["minimum"] = min, ["maximum"] = max },
        (YamlScalar scalar, ReadingContext context, out long value) => ReadSize(scalar, min, max, out value),
        FormatSize);

    public static string FormatDuration(TimeSpan value)
    {
        (string unit, long ticks) = DurationUnits.LastOrDefault(unit => value.Ticks != 0 && value.Ticks % unit.Ticks == 0, DurationUnits[value.Ticks == 0 ? 1 : 0]);
        return FormattableString.Invariant($"{(decimal)value.Ticks / ticks}{unit}");
    }

    public static string FormatSize(long value)
    {
        (string unit, long bytes) = SizeUnits.LastOrDefault(unit => value != 0 && value % unit.Bytes == 0, ("B", 1));
        return FormattableString.Invariant($"{value / bytes}{unit}");
    }

    /// <summary>The text of a value for a message: cut, on one line, in quotes.</summary>
    public static string Show(YamlScalar scalar)
    {
        string text = new([.. scalar.Text.Take(40).Select(c => char.IsControl(c) ? ' ' : c)]);
        return scalar.IsPlain ? $"'{text}'" : $"the text \"{text}\"";
    }

    private static string? ReadBoolean(YamlScalar scalar, ReadingContext context, out bool value)
    {
        value = scalar.Text is "true" or "True" or "TRUE";
        return scalar.IsPlain && (value || scalar.Text is "false" or "False" or "FALSE") ? null : $"wants true or false, and this is {Show(scalar)}";
    }

    private static string? ReadLong(YamlScalar scalar, long min, long max, out long value)
    {
        value = 0;
        return !scalar.IsPlain || !long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            ? $"wants a whole number, and this is {Show(scalar)}"
            : value < min || value > max ? FormattableString.Invariant($"must be between {min} and {max}, and this is {value}") : null;
    }

    private static string? ReadDuration(YamlScalar scalar, TimeSpan min, TimeSpan max, out TimeSpan value)
    {
        value = default;
        if (!TrySplit(scalar.Text, DurationUnits, out decimal ticks))
        {
            return $"wants a duration such as 500ms, 2s, 1m or 1h, and this is {Show(scalar)}";
        }

        if (ticks < min.Ticks || ticks > max.Ticks)
        {
            return $"must be between {FormatDuration(min)} and {FormatDuration(max)}, and this is {Show(scalar)}";
        }

        value = TimeSpan.FromTicks((long)ticks);
        return null;
    }

    private static string? ReadSize(YamlScalar scalar, long min, long max, out long value)
    {
        value = 0;
        bool isNumber = scalar.IsPlain && long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        decimal bytes = value;
        if (!isNumber && !TrySplit(scalar.Text, [("B", 1), .. SizeUnits], out bytes))
        {
            return $"wants a size such as 64KiB, 16MiB or 2GiB, and this is {Show(scalar)}";
        }

        if (bytes < min || bytes > max)
        {
            return $"must be between {FormatSize(min)} and {FormatSize(max)}, and this is {Show(scalar)}";
        }

        value = (long)bytes;
        return null;
    }

    private static bool TrySplit(string text, (string Unit, long Value)[] units, out decimal value)
    {
        value = 0;
        int digits = text.AsSpan().IndexOfAnyExcept(NumberCharacters);
        if (digits is <= 0 or > 12)
        {
            return false;
        }

        foreach ((string unit, long factor) in units)
        {
            if (text.AsSpan(digits).SequenceEqual(unit)
                && char.IsAsciiDigit(text[0]) && decimal.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
            {
                value = number * factor;
                return true;
            }
        }

        return false;
    }
}

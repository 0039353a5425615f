using System.Globalization;
using System.Numerics;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>Filters that make or change numbers.</summary>
internal static class NumberFilters
{
    public static IEnumerable<KeyValuePair<string, Filter>> All =>
    [
        new("abs", Absolute),
        new("int", ToInteger),
        new("float", ToFloat),
        new("round", Round),
    ];

    private static Value Absolute(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("abs", 0);
        return input switch
        {
            FloatValue real => new FloatValue(Math.Abs(real.Number)),
            _ when Numbers.Whole(input) is BigInteger number => IntegerValue.Of(BigInteger.Abs(number)),
            _ => throw new ChatTemplateException($"abs needs a number, not '{input.TypeName}'"),
        };
    }

    private static Value ToInteger(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("int", 0, "default", "base");
        Value fallback = bound[0] ?? IntegerValue.Of(0);
        int numberBase = bound.Integer(1, 10);
        switch (input)
        {
            case TextValue text:
                return ParseInteger(text.Text, numberBase) ?? FromReal(ParseReal(text.Text)) ?? fallback;
            case FloatValue real:
                return FromReal(real.Number) ?? fallback;
            case UndefinedValue missing:
                throw missing.Error();
            default:
                return Numbers.Whole(input) is BigInteger number ? IntegerValue.Of(number) : fallback;
        }
    }

    private static IntegerValue? FromReal(double? number) =>
        number is double real && double.IsFinite(real) ? IntegerValue.Of(new BigInteger(real)) : null;

    private static IntegerValue? ParseInteger(string text, int numberBase)
    {
        string digits = text.Trim().Replace("_", "", StringComparison.Ordinal);
        bool isNegative = digits.StartsWith('-');
        digits = digits.TrimStart('-', '+').ToLowerInvariant();
        string prefix = numberBase switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => "" };
        digits = prefix.Length > 0 && digits.StartsWith(prefix, StringComparison.Ordinal) ? digits[2..] : digits;
        if (digits.Length is 0 or > 300 || numberBase is < 2 or > 36)
        {
            return null;
        }

        BigInteger number = BigInteger.Zero;
        foreach (char c in digits)
        {
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetterLower(c) ? c - 'a' + 10 : numberBase;
            if (digit >= numberBase)
            {
                return null;
            }

            number = (number * numberBase) + digit;
        }

        return IntegerValue.Of(isNegative ? -number : number);
    }

    private static double? ParseReal(string text) =>
        text.Length <= 400 && double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;

    private static Value ToFloat(Execution run, Value input, CallArguments arguments)
    {
        Value fallback = arguments.Bind("float", 0, "default")[0] ?? new FloatValue(0);
        if (input is UndefinedValue missing)
        {
            throw missing.Error();
        }

        double? number = input is TextValue text ? ParseReal(text.Text) : Numbers.Real(input);
        return number is double real ? new FloatValue(real) : fallback;
    }

    private static Value Round(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("round", 0, "precision", "method");
        int precision = Math.Clamp(bound.Integer(0, 0), -300, 300);
        string method = bound[1] is Value given ? bound.Text(given).Text : "common";
        double number = Numbers.Real(input) ?? throw new ChatTemplateException($"round needs a number, not '{input.TypeName}'");
        if (method is not ("common" or "ceil" or "floor"))
        {
            throw new ChatTemplateException("round's method is 'common', 'ceil' or 'floor'");
        }

        if (method == "common")
        {
            return input is FloatValue ? new FloatValue(RoundDecimal(number, precision)) : RoundWhole(input, number, precision);
        }

        double scale = Math.Pow(10, precision);
        return new FloatValue((method == "ceil" ? Math.Ceiling(number * scale) : Math.Floor(number * scale)) / scale);
    }

    /// <summary>Rounds the exact decimal value of a double, half to even, as Python does; scaling first would move the half.</summary>
    private static double RoundDecimal(double number, int precision) =>
        !double.IsFinite(number) ? number
            : precision < 0 ? Math.Round(number / Math.Pow(10, -precision), MidpointRounding.ToEven) * Math.Pow(10, -precision)
            : precision >= 17 ? number
            : precision == 0 ? Math.Round(number, MidpointRounding.ToEven)
            : double.Parse(number.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static IntegerValue RoundWhole(Value input, double number, int precision) =>
        precision >= 0 ? IntegerValue.Of(Numbers.Whole(input) ?? 0) : IntegerValue.Of(new BigInteger(RoundDecimal(number, precision)));
}

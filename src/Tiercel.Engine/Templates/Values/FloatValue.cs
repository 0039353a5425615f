using System.Globalization;

namespace Tiercel.Engine.Templates.Values;

/// <summary>A double, printed as Python prints it.</summary>
internal sealed class FloatValue(double number) : Value
{
    public double Number { get; } = number;

    public override string TypeName => "float";

    public override bool IsTrue => Number != 0;

    public override void Print(TextBuilder output) => output.Append(Format(Number), isTrusted: true);

    /// <summary>
    /// The shortest digits that read back as the same number; an exponent from 1e16 up and below 1e-4, and always a point or an
    /// exponent (Python's <c>float.__repr__</c>).
    /// </summary>
    public static string Format(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        (string sign, string digits, int exponent) = Decompose(number);
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            string exponentSign = exponent < 0 ? "-" : "+";
            return $"{sign}{digits[0]}{fraction}e{exponentSign}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        string padded = digits.PadRight(exponent + 2, '0');
        return $"{sign}{padded[..(exponent + 1)]}.{padded[(exponent + 1)..]}";
    }

    /// <summary>Sign, significant digits d₁d₂d₃…, and the exponent of d₁.d₂d₃….</summary>
    private static (string Sign, string Digits, int Exponent) Decompose(double number)
    {
        string shortest = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = mark < 0 ? 0 : int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = mark < 0 ? shortest : shortest[..mark];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string all = mantissa.Replace(".", "", StringComparison.Ordinal);
        exponent += (point < 0 ? mantissa.Length : point) - 1;
        string digits = all.TrimStart('0');
        exponent -= all.Length - digits.Length;
        digits = digits.TrimEnd('0');
        string sign = double.IsNegative(number) ? "-" : "";
        return digits.Length == 0 ? (sign, "0", 0) : (sign, digits, exponent);
    }
}

using System.Globalization;
using System.Numerics;

namespace Tiercel.Engine.Templates.Values;

/// <summary>An integer, exact as in Python, of at most <see cref="MaxBits"/> bits.</summary>
internal sealed class IntegerValue : Value
{
    /// <summary>Larger results are refused: no template needs them, and powers of powers would never end.</summary>
    public const int MaxBits = 1024;

    private static readonly IntegerValue[] Small = [.. Enumerable.Range(0, 1024).Select(value => new IntegerValue(value))];

    private IntegerValue(BigInteger number)
    {
        Number = number;
    }

    public BigInteger Number { get; }

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;

    public static IntegerValue Of(int number) =>
        (uint)number < (uint)Small.Length ? Small[number] : new IntegerValue(number);

    public static IntegerValue Of(BigInteger number)
    {
        if (number.GetBitLength() > MaxBits)
        {
            throw new ChatTemplateException($"an integer has more than {MaxBits} bits");
        }

        return number >= 0 && number < Small.Length ? Small[(int)number] : new IntegerValue(number);
    }

    /// <summary>Reads decimal digits with an optional minus sign.</summary>
    public static IntegerValue Parse(string digits)
    {
        if (digits.Length > MaxBits / 3)
        {
            throw new ChatTemplateException($"an integer of {digits.Length} digits is too large");
        }

        return Of(BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }

    /// <summary>The number as a position in something in memory; what lies beyond any such thing is cut to the border.</summary>
    public int ToIndex() => (int)BigInteger.Max(int.MinValue + 1, BigInteger.Min(int.MaxValue - 1, Number));

    public override void Print(TextBuilder output) => output.Append(Number.ToString(CultureInfo.InvariantCulture), isTrusted: true);
}

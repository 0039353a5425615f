using System.Numerics;
using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>The operators <c>+ - * / // % **</c> on numbers, strings and lists.</summary>
internal static class Arithmetic
{
    public static Value Apply(Execution run, string operation, Value left, Value right)
    {
        if ((left as UndefinedValue ?? right as UndefinedValue) is UndefinedValue undefined)
        {
            throw undefined.Error();
        }

        return (operation, left, right) switch
        {
            ("+", TextValue a, TextValue b) => TextValue.Concat(a, b, run),
            ("+", SequenceValue a, SequenceValue b) when a.Kind == b.Kind && a.HasPositions => Join(run, a, b),
            ("%", TextValue format, _) => TextFormat.Apply(run, format, right),
            ("*", TextValue or SequenceValue, _) when Numbers.Whole(right) is BigInteger count => Repeat(run, left, count),
            ("*", _, TextValue or SequenceValue) when Numbers.Whole(left) is BigInteger count => Repeat(run, right, count),
            _ when Numbers.Whole(left) is BigInteger a && Numbers.Whole(right) is BigInteger b => OfIntegers(operation, a, b),
            _ when Numbers.Real(left) is double a && Numbers.Real(right) is double b => new FloatValue(OfReals(operation, a, b)),
            _ => throw new ChatTemplateException($"unsupported operands for {operation}: '{left.TypeName}' and '{right.TypeName}'"),
        };
    }

    public static Value Negate(Value value) => value switch
    {
        FloatValue real => new FloatValue(-real.Number),
        UndefinedValue undefined => throw undefined.Error(),
        _ when Numbers.Whole(value) is BigInteger number => IntegerValue.Of(-number),
        _ => throw new ChatTemplateException($"bad operand for unary -: '{value.TypeName}'"),
    };

    private static Value OfIntegers(string operation, BigInteger left, BigInteger right) => operation switch
    {
        "+" => IntegerValue.Of(left + right),
        "-" => IntegerValue.Of(left - right),
        "*" => IntegerValue.Of(left * right),
        "/" => new FloatValue(right.IsZero ? throw DividedByZero() : (double)left / (double)right),
        "//" => IntegerValue.Of(FloorDivide(left, right)),
        "%" => IntegerValue.Of(left - (FloorDivide(left, right) * right)),
        _ => Power(left, right),
    };

    private static double OfReals(string operation, double left, double right)
    {
        if (right == 0 && operation is "/" or "//" or "%")
        {
            throw DividedByZero();
        }

        return operation switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - (Math.Floor(left / right) * right),
            _ => Math.Pow(left, right),
        };
    }

    private static BigInteger FloorDivide(BigInteger left, BigInteger right)
    {
        if (right.IsZero)
        {
            throw DividedByZero();
        }

        BigInteger quotient = BigInteger.DivRem(left, right, out BigInteger remainder);
        return !remainder.IsZero && (remainder.Sign != right.Sign) ? quotient - 1 : quotient;
    }

    private static Value Power(BigInteger left, BigInteger right)
    {
        if (right.Sign < 0)
        {
            return new FloatValue(left.IsZero ? throw DividedByZero() : Math.Pow((double)left, (double)right));
        }

        // The size of the result is known before it is computed: bits of the base times the exponent.
        bool tooLarge = BigInteger.Abs(left) > 1 && (left.GetBitLength() - 1) * right > IntegerValue.MaxBits;
        if (tooLarge)
        {
            throw new ChatTemplateException($"an integer has more than {IntegerValue.MaxBits} bits");
        }

        BigInteger exponent = BigInteger.Abs(left) > 1 ? right : right.IsZero ? 0 : 2 - (right % 2);
        return IntegerValue.Of(BigInteger.Pow(left, (int)exponent));
    }

    private static SequenceValue Join(Execution run, SequenceValue left, SequenceValue right)
    {
        run.Step(left.Items.Count + right.Items.Count);
        return new SequenceValue([.. left.Items, .. right.Items], left.Kind, left.IsTrusted && right.IsTrusted);
    }

    private static Value Repeat(Execution run, Value value, BigInteger times)
    {
        int count = (int)BigInteger.Max(0, BigInteger.Min(times, int.MaxValue));
        if (value is TextValue text)
        {
            run.Characters((long)text.Text.Length * count, 0);
            TextBuilder builder = new(run);
            for (int i = 0; i < count && text.Text.Length > 0; i++)
            {
                builder.Append(text);
            }

            return builder.ToText();
        }

        SequenceValue sequence = (SequenceValue)value;
        run.Step((long)sequence.Items.Count * count);
        List<Value> items = [];
        for (int i = 0; i < count && sequence.Items.Count > 0; i++)
        {
            items.AddRange(sequence.Items);
        }

        return new SequenceValue(items, sequence.Kind, sequence.IsTrusted);
    }

    private static ChatTemplateException DividedByZero() => new("division by zero");
}

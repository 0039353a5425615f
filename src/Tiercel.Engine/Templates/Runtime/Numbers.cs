using System.Numerics;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>The number inside a value; True and False count as 1 and 0.</summary>
internal static class Numbers
{
    public static BigInteger? Whole(Value value) => value switch
    {
        IntegerValue integer => integer.Number,
        BoolValue boolean => boolean.IsTrue ? BigInteger.One : BigInteger.Zero,
        _ => null,
    };

    public static double? Real(Value value) => value is FloatValue real ? real.Number : (double?)Whole(value);

    /// <summary>Orders two numbers exactly; false where one of them is none.</summary>
    public static bool TryCompare(Value left, Value right, out int order)
    {
        order = 0;
        if (Whole(left) is BigInteger a && Whole(right) is BigInteger b)
        {
            order = a.CompareTo(b);
            return true;
        }

        if (Real(left) is not double x || Real(right) is not double y)
        {
            return false;
        }

        // NaN equals nothing, itself included.
        order = double.IsNaN(x) || double.IsNaN(y) ? 1 : x.CompareTo(y);
        return true;
    }
}

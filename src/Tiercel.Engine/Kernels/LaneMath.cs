using System.Runtime.CompilerServices;

namespace Tiercel.Engine.Kernels;

/// <summary>Functions that processors have no instruction for, for any width of lanes.</summary>
internal static class LaneMath
{
    /// <summary>
    /// e^x to about 1e-7 of its value: x = n ln 2 + r with |r| at most ln 2 / 2, a polynomial of degree 7 in r (the coefficients of Cephes'
    /// expf), times 2^n. Below -87.3 the result is 0, above 88 it stays at e^88.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : struct, IFloatLanes<T>
    {
        // The constants stand first: of two operands of which one is NaN the processor takes the second, so a NaN comes through.
        T clamped = T.Min(T.Broadcast(88f), T.Max(T.Broadcast(-87.3f), x));
        T n = T.Round(clamped * T.Broadcast(1.44269504088896341f));

        // ln 2 in two parts, the first with so few bits that n times it is exact.
        T r = T.MultiplyAdd(n, T.Broadcast(-0.693359375f), clamped);
        r = T.MultiplyAdd(n, T.Broadcast(2.12194440e-4f), r);
        T p = T.Broadcast(1.9875691500e-4f);
        p = T.MultiplyAdd(p, r, T.Broadcast(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Broadcast(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Broadcast(5.0000001201e-1f));
        p = T.MultiplyAdd(p, r * r, r + T.Broadcast(1f));
        return T.WhereAtLeast(x, T.Broadcast(-87.3f), p * T.PowerOfTwo(n), T.Broadcast(0f));
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x)
        where T : struct, IFloatLanes<T>
        => T.Broadcast(1f) / (T.Broadcast(1f) + Exp(T.Broadcast(0f) - x));

    /// <summary>2 sigmoid(2x) - 1; absolute error about 1e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x)
        where T : struct, IFloatLanes<T>
        => T.MultiplyAdd(T.Broadcast(2f), Sigmoid(x + x), T.Broadcast(-1f));

    /// <summary>The error function by Abramowitz and Stegun 7.1.26, absolute error at most 1.5e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Erf<T>(T x)
        where T : struct, IFloatLanes<T>
    {
        T magnitude = T.Abs(x);
        T t = T.Broadcast(1f) / T.MultiplyAdd(T.Broadcast(0.3275911f), magnitude, T.Broadcast(1f));
        T p = T.Broadcast(1.061405429f);
        p = T.MultiplyAdd(p, t, T.Broadcast(-1.453152027f));
        p = T.MultiplyAdd(p, t, T.Broadcast(1.421413741f));
        p = T.MultiplyAdd(p, t, T.Broadcast(-0.284496736f));
        p = T.MultiplyAdd(p, t, T.Broadcast(0.254829592f));
        T tail = p * t * Exp(T.Broadcast(0f) - (magnitude * magnitude));
        T positive = T.Broadcast(1f) - tail;
        return T.WhereAtLeast(x, T.Broadcast(0f), positive, T.Broadcast(0f) - positive);
    }
}

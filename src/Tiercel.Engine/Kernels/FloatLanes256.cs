using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels;

/// <summary>8 float32 lanes in one 256-bit vector, which only x86 has; of instructions as of <see cref="FloatLanes512"/>.</summary>
internal readonly struct FloatLanes256 : IFloatLanes<FloatLanes256>
{
    private readonly Vector256<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FloatLanes256(Vector256<float> value) => _value = value;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 Load(ref readonly float source, nuint offset) => new(Vector256.LoadUnsafe(in source, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination, nuint offset) => _value.StoreUnsafe(ref destination, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 operator +(FloatLanes256 left, FloatLanes256 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 operator -(FloatLanes256 left, FloatLanes256 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 operator *(FloatLanes256 left, FloatLanes256 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 operator /(FloatLanes256 left, FloatLanes256 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 MultiplyAdd(FloatLanes256 a, FloatLanes256 b, FloatLanes256 c)
        => new(Fma.IsSupported ? Fma.MultiplyAdd(a._value, b._value, c._value) : (a._value * b._value) + c._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 Min(FloatLanes256 left, FloatLanes256 right) => new(Avx.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 Max(FloatLanes256 left, FloatLanes256 right) => new(Avx.Max(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 Abs(FloatLanes256 value) => new(Vector256.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 Round(FloatLanes256 value) => new(Vector256.Round(value._value));

    /// <remarks>The biased exponent of a float32 lies at bit 23.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 PowerOfTwo(FloatLanes256 exponent)
        => new(Vector256.ShiftLeft(Avx.ConvertToVector256Int32WithTruncation(exponent._value) + Vector256.Create(127), 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes256 WhereAtLeast(FloatLanes256 x, FloatLanes256 limit, FloatLanes256 value, FloatLanes256 otherwise)
        => new(Vector256.ConditionalSelect(Vector256.LessThan(x._value, limit._value), otherwise._value, value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => Vector256.Sum(_value);

    /// <summary>Halves are compared until one lane is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Maximum()
    {
        Vector128<float> quarter = Sse.Max(_value.GetLower(), _value.GetUpper());
        quarter = Sse.Max(quarter, Vector128.Shuffle(quarter, Vector128.Create(2, 3, 0, 1)));
        quarter = Sse.Max(quarter, Vector128.Shuffle(quarter, Vector128.Create(1, 0, 3, 2)));
        return quarter.ToScalar();
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// 16 float32 lanes in one 512-bit vector, which only x86 has. Instructions are named where the portable method may do otherwise on another processor: code that calls such methods is not compiled ahead of time.
/// </summary>
internal readonly struct FloatLanes512 : IFloatLanes<FloatLanes512>
{
    private readonly Vector512<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FloatLanes512(Vector512<float> value) => _value = value;

    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 Load(ref readonly float source, nuint offset) => new(Vector512.LoadUnsafe(in source, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination, nuint offset) => _value.StoreUnsafe(ref destination, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 operator +(FloatLanes512 left, FloatLanes512 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 operator -(FloatLanes512 left, FloatLanes512 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 operator *(FloatLanes512 left, FloatLanes512 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 operator /(FloatLanes512 left, FloatLanes512 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 MultiplyAdd(FloatLanes512 a, FloatLanes512 b, FloatLanes512 c) => new(Avx512F.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 Min(FloatLanes512 left, FloatLanes512 right) => new(Avx512F.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 Max(FloatLanes512 left, FloatLanes512 right) => new(Avx512F.Max(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 Abs(FloatLanes512 value) => new(Vector512.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 Round(FloatLanes512 value) => new(Vector512.Round(value._value));

    /// <remarks>The biased exponent of a float32 lies at bit 23.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 PowerOfTwo(FloatLanes512 exponent)
        => new(Vector512.ShiftLeft(Avx512F.ConvertToVector512Int32WithTruncation(exponent._value) + Vector512.Create(127), 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes512 WhereAtLeast(FloatLanes512 x, FloatLanes512 limit, FloatLanes512 value, FloatLanes512 otherwise)
        => new(Vector512.ConditionalSelect(Vector512.LessThan(x._value, limit._value), otherwise._value, value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => Vector512.Sum(_value);

    /// <summary>Halves are compared until one lane is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Maximum()
    {
        Vector256<float> half = Avx.Max(_value.GetLower(), _value.GetUpper());
        Vector128<float> quarter = Sse.Max(half.GetLower(), half.GetUpper());
        quarter = Sse.Max(quarter, Vector128.Shuffle(quarter, Vector128.Create(2, 3, 0, 1)));
        quarter = Sse.Max(quarter, Vector128.Shuffle(quarter, Vector128.Create(1, 0, 3, 2)));
        return quarter.ToScalar();
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels;

/// <summary>4 float32 lanes in one 128-bit vector; of instructions as of <see cref="FloatLanes512"/>.</summary>
internal readonly struct FloatLanes128 : IFloatLanes<FloatLanes128>
{
    private readonly Vector128<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FloatLanes128(Vector128<float> value) => _value = value;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 Load(ref readonly float source, nuint offset) => new(Vector128.LoadUnsafe(in source, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination, nuint offset) => _value.StoreUnsafe(ref destination, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 operator +(FloatLanes128 left, FloatLanes128 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 operator -(FloatLanes128 left, FloatLanes128 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 operator *(FloatLanes128 left, FloatLanes128 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 operator /(FloatLanes128 left, FloatLanes128 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 MultiplyAdd(FloatLanes128 a, FloatLanes128 b, FloatLanes128 c)
        => new(Fma.IsSupported ? Fma.MultiplyAdd(a._value, b._value, c._value)
            : AdvSimd.IsSupported ? AdvSimd.FusedMultiplyAdd(c._value, a._value, b._value)
            : (a._value * b._value) + c._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 Min(FloatLanes128 left, FloatLanes128 right) => new(Smaller(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 Max(FloatLanes128 left, FloatLanes128 right) => new(Larger(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 Abs(FloatLanes128 value) => new(Vector128.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 Round(FloatLanes128 value) => new(Vector128.Round(value._value));

    /// <remarks>The biased exponent of a float32 lies at bit 23.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 PowerOfTwo(FloatLanes128 exponent)
        => new(Vector128.ShiftLeft(Vector128.ConvertToInt32(exponent._value) + Vector128.Create(127), 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatLanes128 WhereAtLeast(FloatLanes128 x, FloatLanes128 limit, FloatLanes128 value, FloatLanes128 otherwise)
        => new(Vector128.ConditionalSelect(Vector128.LessThan(x._value, limit._value), otherwise._value, value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => Vector128.Sum(_value);

    /// <summary>Halves are compared until one lane is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Maximum()
    {
        Vector128<float> quarter = _value;
        quarter = Larger(quarter, Vector128.Shuffle(quarter, Vector128.Create(2, 3, 0, 1)));
        quarter = Larger(quarter, Vector128.Shuffle(quarter, Vector128.Create(1, 0, 3, 2)));
        return quarter.ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Smaller(Vector128<float> left, Vector128<float> right)
        => Sse.IsSupported ? Sse.Min(left, right) : AdvSimd.IsSupported ? AdvSimd.Min(left, right) : Vector128.Min(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Larger(Vector128<float> left, Vector128<float> right)
        => Sse.IsSupported ? Sse.Max(left, right) : AdvSimd.IsSupported ? AdvSimd.Max(left, right) : Vector128.Max(left, right);
}

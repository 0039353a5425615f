using System.Runtime.CompilerServices;

namespace Tiercel.Engine.Kernels;

/// <summary>One float32 as a vector of one lane: the scalar twin of every kernel, and the tail of rows that are no multiple of the width.</summary>
internal readonly struct ScalarLane : IFloatLanes<ScalarLane>
{
    private readonly float _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ScalarLane(float value) => _value = value;

    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane Broadcast(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane Load(ref readonly float source, nuint offset) => new(Unsafe.Add(ref Unsafe.AsRef(in source), offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination, nuint offset) => Unsafe.Add(ref destination, offset) = _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane operator +(ScalarLane left, ScalarLane right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane operator -(ScalarLane left, ScalarLane right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane operator *(ScalarLane left, ScalarLane right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane operator /(ScalarLane left, ScalarLane right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane MultiplyAdd(ScalarLane a, ScalarLane b, ScalarLane c) => new((a._value * b._value) + c._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane Min(ScalarLane left, ScalarLane right) => left._value < right._value ? left : right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane Max(ScalarLane left, ScalarLane right) => left._value > right._value ? left : right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane Abs(ScalarLane value) => new(MathF.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane Round(ScalarLane value) => new(MathF.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane PowerOfTwo(ScalarLane exponent) => new(BitConverter.Int32BitsToSingle(((int)exponent._value + 127) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane WhereAtLeast(ScalarLane x, ScalarLane limit, ScalarLane value, ScalarLane otherwise) => x._value < limit._value ? otherwise : value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Maximum() => _value;
}

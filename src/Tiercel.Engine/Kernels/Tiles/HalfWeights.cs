using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>F16, finite numbers only: matrices that hold others are expanded at load.</summary>
internal readonly unsafe struct HalfWeights : IFloatWeights
{
    public static int PairBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<uint> both = Vector512.Load((uint*)pair);
        first = HalfConversion.Finite((both << 16).AsInt32());
        second = HalfConversion.Finite(both.AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, int part, out Vector256<float> first, out Vector256<float> second)
    {
        Vector256<uint> both = Vector256.Load((uint*)pair + (part * 8));
        first = HalfConversion.Finite((both << 16).AsInt32());
        second = HalfConversion.Finite(both.AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, int part, out Vector128<float> first, out Vector128<float> second)
    {
        Vector128<uint> both = Vector128.Load((uint*)pair + (part * 4));
        first = HalfConversion.Finite((both << 16).AsInt32());
        second = HalfConversion.Finite(both.AsInt32());
    }

    public static float Value(byte* pair, int output, int element) => (float)BitConverter.UInt16BitsToHalf(((ushort*)pair)[(output * 2) + element]);
}

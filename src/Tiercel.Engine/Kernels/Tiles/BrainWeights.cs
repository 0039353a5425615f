using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>BF16: the high half of a float32.</summary>
internal readonly unsafe struct BrainWeights : IFloatWeights
{
    public static int PairBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<uint> both = Vector512.Load((uint*)pair);
        first = (both << 16).AsSingle();
        second = (both & Vector512.Create(0xffff0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, int part, out Vector256<float> first, out Vector256<float> second)
    {
        Vector256<uint> both = Vector256.Load((uint*)pair + (part * 8));
        first = (both << 16).AsSingle();
        second = (both & Vector256.Create(0xffff0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, int part, out Vector128<float> first, out Vector128<float> second)
    {
        Vector128<uint> both = Vector128.Load((uint*)pair + (part * 4));
        first = (both << 16).AsSingle();
        second = (both & Vector128.Create(0xffff0000u)).AsSingle();
    }

    public static float Value(byte* pair, int output, int element)
        => BitConverter.UInt32BitsToSingle((uint)((ushort*)pair)[(output * 2) + element] << 16);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>F32.</summary>
internal readonly unsafe struct SingleWeights : IFloatWeights
{
    public static int PairBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, out Vector512<float> first, out Vector512<float> second)
    {
        first = Vector512.Load((float*)pair);
        second = Vector512.Load((float*)pair + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, int part, out Vector256<float> first, out Vector256<float> second)
    {
        first = Vector256.Load((float*)pair + (part * 8));
        second = Vector256.Load((float*)pair + 16 + (part * 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* pair, int part, out Vector128<float> first, out Vector128<float> second)
    {
        first = Vector128.Load((float*)pair + (part * 4));
        second = Vector128.Load((float*)pair + 16 + (part * 4));
    }

    public static float Value(byte* pair, int output, int element) => ((float*)pair)[(element * 16) + output];
}

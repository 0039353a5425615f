using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// How a tile stores weights that are floats. Two elements of all 16 outputs lie together (a pair): F32 as 16 + 16 floats, the 16-bit types as 16 lanes with the first element in
/// the low half and the second in the high half.
/// </summary>
internal unsafe interface IFloatWeights
{
    /// <summary>Bytes of a pair.</summary>
    static abstract int PairBytes { get; }

    static abstract void Load(byte* pair, out Vector512<float> first, out Vector512<float> second);

    /// <summary>Outputs from 8 <paramref name="part"/>.</summary>
    static abstract void Load(byte* pair, int part, out Vector256<float> first, out Vector256<float> second);

    /// <summary>Outputs from 4 <paramref name="part"/>.</summary>
    static abstract void Load(byte* pair, int part, out Vector128<float> first, out Vector128<float> second);

    /// <summary>One weight: <paramref name="element"/> is 0 or 1.</summary>
    static abstract float Value(byte* pair, int output, int element);
}

using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// How a tile stores the scales (and offsets) of its 16 outputs. A block of 32 elements has one group, or two of 16 elements; where it has one, the second
/// scale is not used.
/// </summary>
internal unsafe interface ITileScales
{
    /// <summary>Bytes of the scales of a tile.</summary>
    /// <param name="blocks">Blocks of 32 elements in a row.</param>
    static abstract int Bytes(int blocks);

    static abstract bool HasOffsets { get; }

    /// <summary>Two groups of 16 elements per block.</summary>
    static abstract bool TwoGroups { get; }

    /// <summary>Scales and offsets of block number <paramref name="block"/>, 16 outputs.</summary>
    static abstract void Load(
        byte* scales, int block, out Vector512<float> s0, out Vector512<float> s1, out Vector512<float> o0, out Vector512<float> o1);

    /// <summary>The same as four runs of 16 floats: s0, s1, o0, o1; those that are not used are left as they are.</summary>
    static abstract void Expand(byte* scales, int block, float* expanded);
}

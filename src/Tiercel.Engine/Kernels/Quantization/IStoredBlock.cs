using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>How the bits of one stored block of a type lie, as ggml defines it. What the numbers mean is in <see cref="QuantFormat"/>.</summary>
internal unsafe interface IStoredBlock
{
    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Runs of 32 elements in a block: 1 or 8.</summary>
    static abstract int Runs { get; }

    /// <summary>Bits of a code: those of the first plane of a tile; 8 where tiles keep bytes.</summary>
    static abstract int LowBits { get; }

    /// <summary>Bits of a code in the second plane of a tile, or 0.</summary>
    static abstract int HighBits { get; }

    /// <summary>The unsigned codes of a run, in element order.</summary>
    static abstract void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second);

    /// <summary>Scale and offset of the block, and the integers of its groups where it has any.</summary>
    static abstract void Scales(byte* block, ref BlockFields fields);
}

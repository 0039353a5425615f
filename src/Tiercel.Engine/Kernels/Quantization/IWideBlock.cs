using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>A stored block that can also be unpacked in four rows at once, for processors with 512-bit vectors: the same fields.</summary>
internal unsafe interface IWideBlock : IStoredBlock
{
    static abstract bool HasOffsets { get; }

    /// <summary>Bytes that <see cref="Groups"/> has for a row; 0 where there are no groups.</summary>
    static abstract int GroupBytes { get; }

    /// <summary>As <see cref="IStoredBlock.Codes"/>, of a block of each of four rows: each 128-bit part is a row.</summary>
    static abstract void Codes(byte* a, byte* b, byte* c, byte* d, int run, out Vector512<byte> first, out Vector512<byte> second);

    /// <summary>Bits of the scale.</summary>
    static abstract ushort Scale(byte* block);

    /// <summary>Bits of the offset, with the sign with which it is added.</summary>
    static abstract ushort Offset(byte* block);

    /// <summary>The integers of the groups: their scales, with offsets scale and offset by turns.</summary>
    static abstract Vector128<byte> Groups(byte* block);
}

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>How a tile lies in memory, for a kernel that reads it as it is.</summary>
/// <param name="LowBits">Bits of a code in the first plane of a block; 8 where codes are bytes.</param>
/// <param name="HighBits">Bits in the second plane, or 0.</param>
/// <param name="CodeShift">Bits by which codes are moved up so that zero is at 128.</param>
/// <param name="HasGroupScales">Scales of two levels; otherwise one float16 a block.</param>
/// <param name="TwoGroups">Blocks have two scales.</param>
/// <param name="HasOffsets">Blocks have offsets.</param>
/// <param name="BlockBytes">Bytes of the tile per block, scales included, rounded up.</param>
internal readonly record struct PackedLayout(int LowBits, int HighBits, int CodeShift, bool HasGroupScales, bool TwoGroups, bool HasOffsets, int BlockBytes)
{
    public uint LowMask => 0x01010101u * (uint)(byte)(((1 << LowBits) - 1) << CodeShift);

    public uint HighMask => 0x01010101u * (uint)(byte)(((1 << HighBits) - 1) << (CodeShift + LowBits));
}

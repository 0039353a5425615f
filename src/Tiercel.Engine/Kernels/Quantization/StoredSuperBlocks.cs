using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Quantization;

// Blocks of 256 elements, in runs of 32.

/// <summary>Q2_K: 16 nibble pairs of scales and offsets, planes of two bits, scale, offset.</summary>
internal readonly unsafe struct Q2KBlock : IStoredBlock
{
    public static int Bytes => 84;

    public static int Runs => 8;

    public static int LowBits => 2;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second) => TwoBits(block + 16, run, out first, out second);

    public static void Scales(byte* block, ref BlockFields fields)
    {
        for (int group = 0; group < 16; group++)
        {
            fields.GroupScales[group] = (sbyte)(block[group] & 15);
            fields.GroupOffsets[group] = (byte)(block[group] >> 4);
        }

        fields.Scale = Unsafe.ReadUnaligned<ushort>(block + 80);
        fields.Offset = (ushort)(Unsafe.ReadUnaligned<ushort>(block + 82) ^ Q4KBlock.SignOfHalf);
    }

    /// <summary>Each 32 bytes hold 128 elements: bits 2p and 2p + 1 are elements 32p to 32p + 31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void TwoBits(byte* packed, int run, out Vector128<byte> first, out Vector128<byte> second)
    {
        byte* half = packed + (run / 4 * 32);
        first = PackedBits.Take(Vector128.Load(half), run % 4 * 2, 2);
        second = PackedBits.Take(Vector128.Load(half + 16), run % 4 * 2, 2);
    }
}

/// <summary>Q3_K: third bits, planes of two bits, 16 scales of six bits, scale. Bit r of a byte of the third bits belongs to run r; 4 stands for zero.</summary>
internal readonly unsafe struct Q3KBlock : IStoredBlock
{
    public static int Bytes => 110;

    public static int Runs => 8;

    public static int LowBits => 2;

    public static int HighBits => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
    {
        Q2KBlock.TwoBits(block + 32, run, out first, out second);
        first |= PackedBits.Flag(Vector128.Load(block), run, 4);
        second |= PackedBits.Flag(Vector128.Load(block + 16), run, 4);
    }

    public static void Scales(byte* block, ref BlockFields fields)
    {
        byte* scales = block + 96;
        for (int group = 0; group < 16; group++)
        {
            int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
            int high = (scales[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            fields.GroupScales[group] = (sbyte)((low | (high << 4)) - 32);
        }

        fields.Scale = Unsafe.ReadUnaligned<ushort>(block + 108);
    }
}

/// <summary>Q4_K: scale, offset, eight scales and eight offsets of six bits, nibbles. Each 32 bytes hold two runs: low nibbles the first, high nibbles the second.</summary>
internal readonly unsafe struct Q4KBlock : IStoredBlock
{
    internal const ushort SignOfHalf = 0x8000;

    public static int Bytes => 144;

    public static int Runs => 8;

    public static int LowBits => 4;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second) => NibblePairs(block + 16, run, out first, out second);

    /// <summary>The low six bits of bytes 0 to 3 are scales 0 to 3, of bytes 4 to 7 offsets 0 to 3; scales and offsets 4 to 7 are the nibbles of bytes 8 to 11 with the upper two bits of the former on top.</summary>
    public static void Scales(byte* block, ref BlockFields fields)
    {
        const uint Six = 0x3f3f3f3f;
        const uint Four = 0x0f0f0f0f;
        const uint Two = 0x30303030;
        uint scales = Unsafe.ReadUnaligned<uint>(block + 4);
        uint offsets = Unsafe.ReadUnaligned<uint>(block + 8);
        uint both = Unsafe.ReadUnaligned<uint>(block + 12);
        ref byte groupScales = ref Unsafe.As<sbyte, byte>(ref fields.GroupScales[0]);
        ref byte groupOffsets = ref fields.GroupOffsets[0];
        Unsafe.WriteUnaligned(ref groupScales, scales & Six);
        Unsafe.WriteUnaligned(ref groupOffsets, offsets & Six);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref groupScales, 4), (both & Four) | ((scales >> 2) & Two));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref groupOffsets, 4), ((both >> 4) & Four) | ((offsets >> 2) & Two));
        fields.Scale = Unsafe.ReadUnaligned<ushort>(block);
        fields.Offset = (ushort)(Unsafe.ReadUnaligned<ushort>(block + 2) ^ SignOfHalf);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void NibblePairs(byte* packed, int run, out Vector128<byte> first, out Vector128<byte> second)
    {
        byte* pair = packed + (run / 2 * 32);
        first = PackedBits.Take(Vector128.Load(pair), run % 2 * 4, 4);
        second = PackedBits.Take(Vector128.Load(pair + 16), run % 2 * 4, 4);
    }
}

/// <summary>Q5_K: as Q4_K with fifth bits before the nibbles; bit r of a byte of them belongs to run r.</summary>
internal readonly unsafe struct Q5KBlock : IStoredBlock
{
    public static int Bytes => 176;

    public static int Runs => 8;

    public static int LowBits => 4;

    public static int HighBits => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
    {
        Q4KBlock.NibblePairs(block + 48, run, out first, out second);
        first |= PackedBits.Flag(Vector128.Load(block + 16), run, 16);
        second |= PackedBits.Flag(Vector128.Load(block + 32), run, 16);
    }

    public static void Scales(byte* block, ref BlockFields fields) => Q4KBlock.Scales(block, ref fields);
}

/// <summary>Q6_K: low nibbles, high bits, 16 scales, scale. Each half of 128 has 64 bytes of nibbles and 32 bytes of two high bits for its four runs.</summary>
internal readonly unsafe struct Q6KBlock : IStoredBlock
{
    public static int Bytes => 210;

    public static int Runs => 8;

    public static int LowBits => 4;

    public static int HighBits => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
    {
        int half = run / 4;
        int place = run % 4;
        byte* low = block + (half * 64) + (place % 2 * 32);
        byte* high = block + 128 + (half * 32);
        first = PackedBits.Take(Vector128.Load(low), place / 2 * 4, 4) | PackedBits.Raise(PackedBits.Take(Vector128.Load(high), place * 2, 2), 4);
        second = PackedBits.Take(Vector128.Load(low + 16), place / 2 * 4, 4) | PackedBits.Raise(PackedBits.Take(Vector128.Load(high + 16), place * 2, 2), 4);
    }

    public static void Scales(byte* block, ref BlockFields fields)
    {
        Vector128.Load(block + 192).StoreUnsafe(ref Unsafe.As<sbyte, byte>(ref fields.GroupScales[0]));
        fields.Scale = Unsafe.ReadUnaligned<ushort>(block + 208);
    }
}

/// <summary>IQ4_XS: scale, eight scales of six bits (two high ones together, then nibbles), nibbles.</summary>
internal readonly unsafe struct Iq4XsBlock : IStoredBlock
{
    public static int Bytes => 136;

    public static int Runs => 8;

    public static int LowBits => 4;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
        => Q40Block.Nibbles(block + 8 + (run * 16), out first, out second);

    public static void Scales(byte* block, ref BlockFields fields)
    {
        int highScales = Unsafe.ReadUnaligned<ushort>(block + 2);
        for (int group = 0; group < 8; group++)
        {
            int low = (block[4 + (group / 2)] >> (group % 2 * 4)) & 15;
            int high = (highScales >> (group * 2)) & 3;
            fields.GroupScales[group] = (sbyte)((low | (high << 4)) - 32);
        }

        fields.Scale = Unsafe.ReadUnaligned<ushort>(block);
    }
}

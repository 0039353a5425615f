using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
internal readonly unsafe struct Q4KBlock : IWideBlock
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
        Six(block, out ulong scales, out ulong offsets);
        Unsafe.WriteUnaligned(ref Unsafe.As<sbyte, byte>(ref fields.GroupScales[0]), scales);
        Unsafe.WriteUnaligned(ref fields.GroupOffsets[0], offsets);
        fields.Scale = Scale(block);
        fields.Offset = Offset(block);
    }

    public static bool HasOffsets => true;

    public static int GroupBytes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Scale(byte* block) => Unsafe.ReadUnaligned<ushort>(block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Offset(byte* block) => (ushort)(Unsafe.ReadUnaligned<ushort>(block + 2) ^ SignOfHalf);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Groups(byte* block)
    {
        Six(block, out ulong scales, out ulong offsets);
        return Sse2.UnpackLow(Vector128.CreateScalarUnsafe(scales).AsByte(), Vector128.CreateScalarUnsafe(offsets).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* a, byte* b, byte* c, byte* d, int run, out Vector512<byte> first, out Vector512<byte> second)
    {
        nint pair = 16 + (run / 2 * 32);
        first = PackedBits.Take(PackedBits.Load(a + pair, b + pair, c + pair, d + pair), run % 2 * 4, 4);
        pair += 16;
        second = PackedBits.Take(PackedBits.Load(a + pair, b + pair, c + pair, d + pair), run % 2 * 4, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Six(byte* block, out ulong scales, out ulong offsets)
    {
        const uint LowSix = 0x3f3f3f3f;
        const uint Four = 0x0f0f0f0f;
        const uint Two = 0x30303030;
        uint first = Unsafe.ReadUnaligned<uint>(block + 4);
        uint second = Unsafe.ReadUnaligned<uint>(block + 8);
        uint both = Unsafe.ReadUnaligned<uint>(block + 12);
        scales = (first & LowSix) | ((ulong)((both & Four) | ((first >> 2) & Two)) << 32);
        offsets = (second & LowSix) | ((ulong)(((both >> 4) & Four) | ((second >> 2) & Two)) << 32);
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
internal readonly unsafe struct Q6KBlock : IWideBlock
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

    public static bool HasOffsets => false;

    public static int GroupBytes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Scale(byte* block) => Unsafe.ReadUnaligned<ushort>(block + 208);

    public static ushort Offset(byte* block) => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Groups(byte* block) => Vector128.Load(block + 192);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* a, byte* b, byte* c, byte* d, int run, out Vector512<byte> first, out Vector512<byte> second)
    {
        int place = run % 4;
        nint low = (run / 4 * 64) + (place % 2 * 32);
        nint high = 128 + (run / 4 * 32);
        first = Six(PackedBits.Load(a + low, b + low, c + low, d + low), PackedBits.Load(a + high, b + high, c + high, d + high), place);
        low += 16;
        high += 16;
        second = Six(PackedBits.Load(a + low, b + low, c + low, d + low), PackedBits.Load(a + high, b + high, c + high, d + high), place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Six(Vector512<byte> low, Vector512<byte> high, int place)
        => PackedBits.Take(low, place / 2 * 4, 4) | PackedBits.Raise(PackedBits.Take(high, place * 2, 2), 4);
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

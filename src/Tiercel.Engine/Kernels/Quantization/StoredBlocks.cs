using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Quantization;

// Blocks of 32 elements. Where codes are nibbles, the low ones of 16 bytes are elements 0 to 15, the high ones 16 to 31.

/// <summary>Q4_0 and IQ4_NL: scale, nibbles.</summary>
internal readonly unsafe struct Q40Block : IWideBlock
{
    public static int Bytes => 18;

    public static int Runs => 1;

    public static int LowBits => 4;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second) => Nibbles(block + 2, out first, out second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales(byte* block, ref BlockFields fields) => fields.Scale = Unsafe.ReadUnaligned<ushort>(block);

    public static bool HasOffsets => false;

    public static int GroupBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Scale(byte* block) => Unsafe.ReadUnaligned<ushort>(block);

    public static ushort Offset(byte* block) => 0;

    public static Vector128<byte> Groups(byte* block) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* a, byte* b, byte* c, byte* d, int run, out Vector512<byte> first, out Vector512<byte> second)
    {
        Vector512<byte> pairs = PackedBits.Load(a + 2, b + 2, c + 2, d + 2);
        first = PackedBits.Take(pairs, 0, 4);
        second = PackedBits.Take(pairs, 4, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Nibbles(byte* packed, out Vector128<byte> first, out Vector128<byte> second)
    {
        Vector128<byte> pairs = Vector128.Load(packed);
        first = PackedBits.Take(pairs, 0, 4);
        second = PackedBits.Take(pairs, 4, 4);
    }
}

/// <summary>Q4_1: scale, offset, nibbles.</summary>
internal readonly unsafe struct Q41Block : IStoredBlock
{
    public static int Bytes => 20;

    public static int Runs => 1;

    public static int LowBits => 4;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second) => Q40Block.Nibbles(block + 4, out first, out second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales(byte* block, ref BlockFields fields)
    {
        fields.Scale = Unsafe.ReadUnaligned<ushort>(block);
        fields.Offset = Unsafe.ReadUnaligned<ushort>(block + 2);
    }
}

/// <summary>Q5_0: scale, 32 fifth bits, nibbles.</summary>
internal readonly unsafe struct Q50Block : IStoredBlock
{
    public static int Bytes => 22;

    public static int Runs => 1;

    public static int LowBits => 4;

    public static int HighBits => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
        => NibblesAndFifthBits(block + 2, out first, out second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales(byte* block, ref BlockFields fields) => fields.Scale = Unsafe.ReadUnaligned<ushort>(block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void NibblesAndFifthBits(byte* packed, out Vector128<byte> first, out Vector128<byte> second)
    {
        uint bits = Unsafe.ReadUnaligned<uint>(packed);
        Q40Block.Nibbles(packed + 4, out first, out second);
        first |= PackedBits.Spread(bits, 16);
        second |= PackedBits.Spread(bits >> 16, 16);
    }
}

/// <summary>Q5_1: scale, offset, 32 fifth bits, nibbles.</summary>
internal readonly unsafe struct Q51Block : IStoredBlock
{
    public static int Bytes => 24;

    public static int Runs => 1;

    public static int LowBits => 4;

    public static int HighBits => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
        => Q50Block.NibblesAndFifthBits(block + 4, out first, out second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales(byte* block, ref BlockFields fields) => Q41Block.Scales(block, ref fields);
}

/// <summary>Q8_0: scale, signed bytes, which become codes around 128.</summary>
internal readonly unsafe struct Q80Block : IWideBlock
{
    public static int Bytes => 34;

    public static int Runs => 1;

    public static int LowBits => 8;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second)
    {
        Vector128<byte> sign = Vector128.Create((byte)0x80);
        first = Vector128.Load(block + 2) ^ sign;
        second = Vector128.Load(block + 18) ^ sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales(byte* block, ref BlockFields fields) => fields.Scale = Unsafe.ReadUnaligned<ushort>(block);

    public static bool HasOffsets => false;

    public static int GroupBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Scale(byte* block) => Unsafe.ReadUnaligned<ushort>(block);

    public static ushort Offset(byte* block) => 0;

    public static Vector128<byte> Groups(byte* block) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* a, byte* b, byte* c, byte* d, int run, out Vector512<byte> first, out Vector512<byte> second)
    {
        Vector512<byte> sign = Vector512.Create((byte)0x80);
        first = PackedBits.Load(a + 2, b + 2, c + 2, d + 2) ^ sign;
        second = PackedBits.Load(a + 18, b + 18, c + 18, d + 18) ^ sign;
    }
}

/// <summary>MXFP4: the exponent of a power of two, nibbles.</summary>
internal readonly unsafe struct Mxfp4Block : IStoredBlock
{
    public static int Bytes => 17;

    public static int Runs => 1;

    public static int LowBits => 4;

    public static int HighBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes(byte* block, int run, out Vector128<byte> first, out Vector128<byte> second) => Q40Block.Nibbles(block + 1, out first, out second);

    /// <summary>2^(exponent - 128) as a bfloat16; the two smallest are subnormal. (The values of MXFP4 are stored doubled, hence 128 and not 127.)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales(byte* block, ref BlockFields fields)
        => fields.Scale = *block switch
        {
            0 => 0x0020,
            1 => 0x0040,
            byte exponent => (ushort)((exponent - 1) << 7),
        };
}

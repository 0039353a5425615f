using System.Runtime.Intrinsics;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>Unpacks stored super-blocks of 256 elements: the K-quants and IQ4_XS.</summary>
internal static class SuperBlockReader
{
    private const ushort SignOfHalf = 0x8000;

    public static void Read(TensorType type, ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        switch (type)
        {
            case TensorType.Q2_K:
                ReadQ2K(block, ref fields);
                break;
            case TensorType.Q3_K:
                ReadQ3K(block, ref fields);
                break;
            case TensorType.Q4_K:
                ScalesAndOffsets(block, ref fields);
                NibblePairs(block.Slice(16, 128), fields.Codes);
                break;
            case TensorType.Q5_K:
                ReadQ5K(block, ref fields);
                break;
            case TensorType.Q6_K:
                ReadQ6K(block, ref fields);
                break;
            case TensorType.IQ4_XS:
                ReadIq4Xs(block, ref fields);
                break;
            default:
                throw new ModelFormatException($"tensor type {type} is not quantised");
        }
    }

    private static void ReadQ2K(ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        for (int group = 0; group < 16; group++)
        {
            fields.GroupScales[group] = (sbyte)(block[group] & 15);
            fields.GroupOffsets[group] = (byte)(block[group] >> 4);
        }

        TwoBitPlanes(block.Slice(16, 64), fields.Codes);
        fields.Scale = BlockReader.UInt16(block[80..]);
        fields.Offset = (ushort)(BlockReader.UInt16(block[82..]) ^ SignOfHalf);
    }

    /// <summary>Codes of three bits: two from qs, the third from hmask, whose bit (4 * half + plane) belongs to the element; 4 stands for zero.</summary>
    private static void ReadQ3K(ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        ReadOnlySpan<byte> highBits = block[..32];
        ReadOnlySpan<byte> scales = block.Slice(96, 12);
        TwoBitPlanes(block.Slice(32, 64), fields.Codes);
        AddBits(highBits, 4, fields.Codes);

        for (int group = 0; group < 16; group++)
        {
            int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
            int high = (scales[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            fields.GroupScales[group] = (sbyte)((low | (high << 4)) - 32);
        }

        fields.Scale = BlockReader.UInt16(block[108..]);
    }

    /// <summary>As Q4_K; bit g of qh[l] is the fifth bit of element l of group g.</summary>
    private static void ReadQ5K(ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        ReadOnlySpan<byte> highBits = block.Slice(16, 32);
        ScalesAndOffsets(block, ref fields);
        NibblePairs(block.Slice(48, 128), fields.Codes);
        AddBits(highBits, 16, fields.Codes);
    }

    /// <summary>Each half of 128 has 64 bytes of low nibbles and 32 bytes of two high bits for four runs of 32 elements.</summary>
    private static void ReadQ6K(ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        for (int half = 0; half < 2; half++)
        {
            Vector256<byte> first = Vector256.Create(block.Slice(half * 64, 32));
            Vector256<byte> second = Vector256.Create(block.Slice((half * 64) + 32, 32));
            Vector256<byte> high = Vector256.Create(block.Slice(128 + (half * 32), 32));
            Vector256<byte> low = Vector256.Create((byte)0x0f);
            Vector256<byte> middle = Vector256.Create((byte)0x30);
            Span<byte> codes = fields.Codes.Slice(half * 128, 128);
            ((first & low) | ((high << 4) & middle)).CopyTo(codes);
            ((second & low) | ((high << 2) & middle)).CopyTo(codes[32..]);
            ((first >>> 4) | (high & middle)).CopyTo(codes[64..]);
            ((second >>> 4) | ((high >>> 2) & middle)).CopyTo(codes[96..]);
        }

        for (int group = 0; group < 16; group++)
        {
            fields.GroupScales[group] = (sbyte)block[192 + group];
        }

        fields.Scale = BlockReader.UInt16(block[208..]);
    }

    private static void ReadIq4Xs(ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        int highScales = BlockReader.UInt16(block[2..]);
        for (int group = 0; group < 8; group++)
        {
            int low = (block[4 + (group / 2)] >> (group % 2 * 4)) & 15;
            int high = (highScales >> (group * 2)) & 3;
            fields.GroupScales[group] = (sbyte)((low | (high << 4)) - 32);
            BlockReader.Nibbles(block.Slice(8 + (group * 16), 16), fields.Codes.Slice(group * 32, 32));
        }

        fields.Scale = BlockReader.UInt16(block);
    }

    /// <summary>Head of Q4_K and Q5_K: d, dmin, then eight 6-bit scales and eight 6-bit offsets in 12 bytes.</summary>
    private static void ScalesAndOffsets(ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        ReadOnlySpan<byte> packed = block.Slice(4, 12);
        fields.Scale = BlockReader.UInt16(block);
        fields.Offset = (ushort)(BlockReader.UInt16(block[2..]) ^ SignOfHalf);
        for (int group = 0; group < 4; group++)
        {
            fields.GroupScales[group] = (sbyte)(packed[group] & 63);
            fields.GroupOffsets[group] = (byte)(packed[group + 4] & 63);
            fields.GroupScales[group + 4] = (sbyte)((packed[group + 8] & 15) | ((packed[group] >> 6) << 4));
            fields.GroupOffsets[group + 4] = (byte)((packed[group + 8] >> 4) | ((packed[group + 4] >> 6) << 4));
        }
    }

    /// <summary>Each 32 bytes hold 64 elements: low nibbles the first 32, high nibbles the next.</summary>
    private static void NibblePairs(ReadOnlySpan<byte> packed, Span<byte> codes)
    {
        for (int run = 0; run < 4; run++)
        {
            Vector256<byte> pairs = Vector256.Create(packed.Slice(run * 32, 32));
            (pairs & Vector256.Create((byte)15)).CopyTo(codes[(run * 64)..]);
            (pairs >>> 4).CopyTo(codes[((run * 64) + 32)..]);
        }
    }

    /// <summary>Each 32 bytes hold 128 elements: bits 2p and 2p + 1 are elements 32p to 32p + 31.</summary>
    private static void TwoBitPlanes(ReadOnlySpan<byte> packed, Span<byte> codes)
    {
        Vector256<byte> two = Vector256.Create((byte)3);
        for (int half = 0; half < 2; half++)
        {
            Vector256<byte> planes = Vector256.Create(packed.Slice(half * 32, 32));
            Span<byte> run = codes.Slice(half * 128, 128);
            (planes & two).CopyTo(run);
            ((planes >>> 2) & two).CopyTo(run[32..]);
            ((planes >>> 4) & two).CopyTo(run[64..]);
            (planes >>> 6).CopyTo(run[96..]);
        }
    }

    /// <summary>Bit r of byte i, if set, adds a value to code i of run r of 32.</summary>
    private static void AddBits(ReadOnlySpan<byte> bits, byte value, Span<byte> codes)
    {
        Vector256<byte> planes = Vector256.Create(bits);
        for (int run = 0; run < 8; run++)
        {
            Vector256<byte> bit = Vector256.Create((byte)(1 << run));
            Vector256<byte> added = Vector256.Equals(planes & bit, bit) & Vector256.Create(value);
            Span<byte> target = codes.Slice(run * 32, 32);
            (Vector256.Create<byte>(target) | added).CopyTo(target);
        }
    }
}

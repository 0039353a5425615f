using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>Unpacks stored blocks of ggml's types of 32 elements (super-blocks of 256 are in <see cref="SuperBlockReader"/>).</summary>
internal static class BlockReader
{
    /// <summary>Unpacks one block of a quantised type.</summary>
    public static void Read(TensorType type, ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        switch (type)
        {
            case TensorType.Q4_0 or TensorType.IQ4_NL:
                fields.Scale = UInt16(block);
                Nibbles(block.Slice(2, 16), fields.Codes);
                break;
            case TensorType.Q4_1:
                fields.Scale = UInt16(block);
                fields.Offset = UInt16(block[2..]);
                Nibbles(block.Slice(4, 16), fields.Codes);
                break;
            case TensorType.Q5_0:
                fields.Scale = UInt16(block);
                Nibbles(block.Slice(6, 16), fields.Codes);
                FifthBits(BinaryPrimitives.ReadUInt32LittleEndian(block[2..]), fields.Codes);
                break;
            case TensorType.Q5_1:
                fields.Scale = UInt16(block);
                fields.Offset = UInt16(block[2..]);
                Nibbles(block.Slice(8, 16), fields.Codes);
                FifthBits(BinaryPrimitives.ReadUInt32LittleEndian(block[4..]), fields.Codes);
                break;
            case TensorType.Q8_0:
                fields.Scale = UInt16(block);
                SignedBytes(block.Slice(2, 32), fields.Codes);
                break;
            case TensorType.MXFP4:
                fields.Scale = PowerOfTwo(block[0]);
                Nibbles(block.Slice(1, 16), fields.Codes);
                break;
            default:
                SuperBlockReader.Read(type, block, ref fields);
                break;
        }
    }

    internal static ushort UInt16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    /// <summary>16 bytes to 32 codes: low nibbles are elements 0 to 15, high nibbles 16 to 31.</summary>
    internal static void Nibbles(ReadOnlySpan<byte> packed, Span<byte> codes)
    {
        Vector128<byte> pairs = Vector128.Create(packed);
        (pairs & Vector128.Create((byte)15)).CopyTo(codes);
        (pairs >>> 4).CopyTo(codes[16..]);
    }

    private static void FifthBits(uint bits, Span<byte> codes)
    {
        for (int i = 0; i < 32; i++)
        {
            codes[i] |= (byte)(((bits >> i) & 1) << 4);
        }
    }

    /// <summary>Signed bytes become codes around 128.</summary>
    private static void SignedBytes(ReadOnlySpan<byte> packed, Span<byte> codes)
        => (Vector256.Create(packed) ^ Vector256.Create((byte)0x80)).CopyTo(codes);

    /// <summary>2^(exponent - 128) as a bfloat16; the two smallest are subnormal. (The values of MXFP4 are stored doubled, hence 128 and not 127.)</summary>
    private static ushort PowerOfTwo(byte exponent) => exponent switch
    {
        0 => 0x0020,
        1 => 0x0040,
        _ => (ushort)((exponent - 1) << 7),
    };
}

using System.Buffers.Binary;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Tests.Kernels.Quantization;

/// <summary>Stored rows of random bytes whose 16-bit scales are sane numbers, so that every code and every group scale occurs.</summary>
internal static class RandomBlocks
{
    /// <summary>[rows, columns] of a type.</summary>
    public static byte[] Matrix(TensorType type, int rows, int columns, Random random)
    {
        TensorLayout layout = TensorLayout.Of(type);
        byte[] bytes = new byte[layout.RowBytes(columns) * rows];
        random.NextBytes(bytes);
        for (int block = 0; block < bytes.Length; block += layout.BlockBytes)
        {
            MakeSane(type, bytes.AsSpan(block, layout.BlockBytes), random);
        }

        return bytes;
    }

    private static void MakeSane(TensorType type, Span<byte> block, Random random)
    {
        switch (type)
        {
            case TensorType.F32:
                BinaryPrimitives.WriteSingleLittleEndian(block, Number(random));
                break;
            case TensorType.BF16:
                BinaryPrimitives.WriteUInt16LittleEndian(block, (ushort)(BitConverter.SingleToUInt32Bits(Number(random)) >> 16));
                break;
            case TensorType.MXFP4:
                block[0] = (byte)random.Next(110, 130);
                break;
            default:
                foreach (int offset in ScaleOffsets(type))
                {
                    BinaryPrimitives.WriteHalfLittleEndian(block[offset..], (Half)Number(random));
                }

                break;
        }
    }

    /// <summary>Where the float16 numbers of a block lie.</summary>
    private static int[] ScaleOffsets(TensorType type) => type switch
    {
        TensorType.Q4_1 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K => [0, 2],
        TensorType.Q2_K => [80, 82],
        TensorType.Q3_K => [108],
        TensorType.Q6_K => [208],
        _ => [0],
    };

    private static float Number(Random random) => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-6, 1)));
}

using System.Runtime.Intrinsics;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>Unpacks whole stored blocks of any quantised type.</summary>
internal static unsafe class BlockReader
{
    /// <summary>Unpacks one block.</summary>
    /// <exception cref="ModelFormatException">The type is not quantised.</exception>
    /// <exception cref="ArgumentException">The block is not as long as one of the type.</exception>
    public static void Read(TensorType type, ReadOnlySpan<byte> block, ref BlockFields fields)
    {
        switch (type)
        {
            case TensorType.Q4_0 or TensorType.IQ4_NL:
                Read<Q40Block>(block, ref fields);
                break;
            case TensorType.Q4_1:
                Read<Q41Block>(block, ref fields);
                break;
            case TensorType.Q5_0:
                Read<Q50Block>(block, ref fields);
                break;
            case TensorType.Q5_1:
                Read<Q51Block>(block, ref fields);
                break;
            case TensorType.Q8_0:
                Read<Q80Block>(block, ref fields);
                break;
            case TensorType.MXFP4:
                Read<Mxfp4Block>(block, ref fields);
                break;
            case TensorType.Q2_K:
                Read<Q2KBlock>(block, ref fields);
                break;
            case TensorType.Q3_K:
                Read<Q3KBlock>(block, ref fields);
                break;
            case TensorType.Q4_K:
                Read<Q4KBlock>(block, ref fields);
                break;
            case TensorType.Q5_K:
                Read<Q5KBlock>(block, ref fields);
                break;
            case TensorType.Q6_K:
                Read<Q6KBlock>(block, ref fields);
                break;
            case TensorType.IQ4_XS:
                Read<Iq4XsBlock>(block, ref fields);
                break;
            default:
                throw new ModelFormatException($"tensor type {type} is not quantised");
        }
    }

    private static void Read<TBlock>(ReadOnlySpan<byte> block, ref BlockFields fields)
        where TBlock : struct, IStoredBlock
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, TBlock.Bytes, nameof(block));
        fixed (byte* stored = block)
        {
            for (int run = 0; run < TBlock.Runs; run++)
            {
                TBlock.Codes(stored, run, out Vector128<byte> first, out Vector128<byte> second);
                first.CopyTo(fields.Codes[(run * 32)..]);
                second.CopyTo(fields.Codes[((run * 32) + 16)..]);
            }

            TBlock.Scales(stored, ref fields);
        }
    }
}

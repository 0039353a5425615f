using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>
/// What a quantised type's numbers mean, apart from how its bits are packed. An element is
/// <c>scale(group) * (code - Zero) + offset(group)</c>, or <c>scale(group) * Table[code]</c> where there is a table; scale(group) is the block's 16-bit scale times the
/// group's small integer (1 where the type has none), and the offset likewise.
/// </summary>
/// <param name="BlockElements">Elements that share the 16-bit scale: 32 or 256.</param>
/// <param name="GroupElements">Elements that share one scale in all: 16 or 32.</param>
/// <param name="Zero">The code that stands for zero.</param>
/// <param name="MaxCode">Largest code, which bounds the integer sums of the kernels.</param>
internal sealed record QuantFormat(int BlockElements, int GroupElements, int Zero, int MaxCode)
{
    /// <summary>Each group has an offset of its own.</summary>
    public bool HasOffsets { get; private init; }

    /// <summary>The block's scale is a bfloat16 (a power of two of MXFP4), not a float16.</summary>
    public bool ScaleIsBFloat16 { get; private init; }

    /// <summary>Values of the 16 codes, or empty.</summary>
    public ReadOnlyMemory<sbyte> Table { get; private init; } = ReadOnlyMemory<sbyte>.Empty;

    public int GroupsPerBlock => BlockElements / GroupElements;

    /// <summary>The block's scale is refined by one integer per group (K-quants and IQ4_XS).</summary>
    public bool HasGroupScales => BlockElements == 256;

    /// <summary>Values of the codes of IQ4_NL and IQ4_XS.</summary>
    private static readonly sbyte[] NonLinear = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Twice the values of E2M1, so that they are integers.</summary>
    private static readonly sbyte[] DoubledE2M1 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    private static readonly QuantFormat Q40 = new(32, 32, 8, 15);
    private static readonly QuantFormat Q41 = new(32, 32, 0, 15) { HasOffsets = true };
    private static readonly QuantFormat Q50 = new(32, 32, 16, 31);
    private static readonly QuantFormat Q51 = new(32, 32, 0, 31) { HasOffsets = true };
    private static readonly QuantFormat Q80 = new(32, 32, 128, 255);
    private static readonly QuantFormat Q2K = new(256, 16, 0, 3) { HasOffsets = true };
    private static readonly QuantFormat Q3K = new(256, 16, 4, 7);
    private static readonly QuantFormat Q4K = new(256, 32, 0, 15) { HasOffsets = true };
    private static readonly QuantFormat Q5K = new(256, 32, 0, 31) { HasOffsets = true };
    private static readonly QuantFormat Q6K = new(256, 16, 32, 63);
    private static readonly QuantFormat Iq4Nl = new(32, 32, 0, 15) { Table = NonLinear };
    private static readonly QuantFormat Iq4Xs = new(256, 32, 0, 15) { Table = NonLinear };
    private static readonly QuantFormat Mxfp4 = new(32, 32, 0, 15) { Table = DoubledE2M1, ScaleIsBFloat16 = true };

    /// <summary>The format of a quantised type; null for F32, F16 and BF16.</summary>
    public static QuantFormat? Of(TensorType type) => type switch
    {
        TensorType.Q4_0 => Q40,
        TensorType.Q4_1 => Q41,
        TensorType.Q5_0 => Q50,
        TensorType.Q5_1 => Q51,
        TensorType.Q8_0 => Q80,
        TensorType.Q2_K => Q2K,
        TensorType.Q3_K => Q3K,
        TensorType.Q4_K => Q4K,
        TensorType.Q5_K => Q5K,
        TensorType.Q6_K => Q6K,
        TensorType.IQ4_NL => Iq4Nl,
        TensorType.IQ4_XS => Iq4Xs,
        TensorType.MXFP4 => Mxfp4,
        _ => null,
    };

    /// <summary>The 16-bit scale of a block as a number.</summary>
    public float ScaleValue(ushort bits)
        => ScaleIsBFloat16 ? BitConverter.UInt32BitsToSingle((uint)bits << 16) : (float)BitConverter.UInt16BitsToHalf(bits);
}

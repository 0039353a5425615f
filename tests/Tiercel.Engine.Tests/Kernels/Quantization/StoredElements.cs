using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Tests.Kernels.Quantization;

/// <summary>
/// The value of one stored element in double precision, straight from the description of the types and one element at a time: the slow twin of
/// what the engine does with blocks.
/// </summary>
internal static class StoredElements
{
    private static readonly double[] NonLinear = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    private static readonly double[] E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6];

    public static readonly TensorType[] Types = Enum.GetValues<TensorType>();

    public static readonly TensorType[] Quantised = [.. Types.Where(type => TensorLayout.Of(type).BlockElements > 1)];

    /// <summary>All elements of a row.</summary>
    public static double[] Row(TensorType type, ReadOnlySpan<byte> source, int columns)
    {
        TensorLayout layout = TensorLayout.Of(type);
        double[] values = new double[columns];
        for (int i = 0; i < columns; i++)
        {
            ReadOnlySpan<byte> block = source.Slice(i / layout.BlockElements * layout.BlockBytes, layout.BlockBytes);
            values[i] = Element(type, block, i % layout.BlockElements);
        }

        return values;
    }

    private static double Element(TensorType type, ReadOnlySpan<byte> b, int i)
    {
        int nibble = i / 16;
        switch (type)
        {
            case TensorType.F32:
                return BitConverter.ToSingle(b);
            case TensorType.F16:
                return Half(b, 0);
            case TensorType.BF16:
                return BitConverter.ToSingle([0, 0, b[0], b[1]]);
            case TensorType.Q4_0:
                return Half(b, 0) * (Nibble(b[2 + (i % 16)], nibble) - 8);
            case TensorType.Q4_1:
                return (Half(b, 0) * Nibble(b[4 + (i % 16)], nibble)) + Half(b, 2);
            case TensorType.Q5_0:
                return Half(b, 0) * (Nibble(b[6 + (i % 16)], nibble) + (16 * Bit(b[2 + (i / 8)], i % 8)) - 16);
            case TensorType.Q5_1:
                return (Half(b, 0) * (Nibble(b[8 + (i % 16)], nibble) + (16 * Bit(b[4 + (i / 8)], i % 8)))) + Half(b, 2);
            case TensorType.Q8_0:
                return Half(b, 0) * (sbyte)b[2 + i];
            case TensorType.IQ4_NL:
                return Half(b, 0) * NonLinear[Nibble(b[2 + (i % 16)], nibble)];
            case TensorType.MXFP4:
                return E2M1[Nibble(b[1 + (i % 16)], nibble)] * Math.Pow(2, b[0] - 127);
            default:
                return SuperElement(type, b, i);
        }
    }

    private static double SuperElement(TensorType type, ReadOnlySpan<byte> b, int i)
    {
        int half = i / 128;
        int run = i / 32;
        int l = i % 32;
        int g16 = i / 16;
        switch (type)
        {
            case TensorType.Q2_K:
                int q2 = (b[16 + (32 * half) + l] >> (2 * (run % 4))) & 3;
                return (Half(b, 80) * (b[g16] % 16) * q2) - (Half(b, 82) * (b[g16] / 16));
            case TensorType.Q3_K:
                int q3 = ((b[32 + (32 * half) + l] >> (2 * (run % 4))) & 3) - (Bit(b[l], run) == 1 ? 0 : 4);
                int low3 = g16 < 8 ? b[96 + g16] % 16 : b[96 + g16 - 8] / 16;
                int high3 = (b[104 + (g16 % 4)] >> (2 * (g16 / 4))) & 3;
                return Half(b, 108) * (low3 + (16 * high3) - 32) * q3;
            case TensorType.Q4_K:
                int q4 = Nibble(b[16 + (32 * (run / 2)) + l], run % 2);
                return (Half(b, 0) * SixBits(b[4..], run).Scale * q4) - (Half(b, 2) * SixBits(b[4..], run).Min);
            case TensorType.Q5_K:
                int q5 = Nibble(b[48 + (32 * (run / 2)) + l], run % 2) + (16 * Bit(b[16 + l], run));
                return (Half(b, 0) * SixBits(b[4..], run).Scale * q5) - (Half(b, 2) * SixBits(b[4..], run).Min);
            case TensorType.Q6_K:
                int low6 = Nibble(b[(64 * half) + (32 * (run % 2)) + l], run % 4 / 2);
                int high6 = (b[128 + (32 * half) + l] >> (2 * (run % 4))) & 3;
                return Half(b, 208) * (sbyte)b[192 + g16] * (low6 + (16 * high6) - 32);
            case TensorType.IQ4_XS:
                int scale = Nibble(b[4 + (run / 2)], run % 2) + (16 * ((BitConverter.ToUInt16(b[2..]) >> (2 * run)) & 3)) - 32;
                return Half(b, 0) * scale * NonLinear[Nibble(b[8 + (16 * run) + (i % 16)], i % 32 / 16)];
            default:
                throw new InvalidOperationException($"no twin for {type}");
        }
    }

    private static (int Scale, int Min) SixBits(ReadOnlySpan<byte> s, int j) => j < 4
        ? (s[j] & 63, s[j + 4] & 63)
        : ((s[j + 4] & 15) | ((s[j - 4] >> 6) << 4), (s[j + 4] >> 4) | ((s[j] >> 6) << 4));

    private static int Nibble(byte value, int which) => which == 0 ? value % 16 : value / 16;

    private static int Bit(byte value, int which) => (value >> which) & 1;

    private static double Half(ReadOnlySpan<byte> block, int offset) => (double)BitConverter.ToHalf(block[offset..]);
}

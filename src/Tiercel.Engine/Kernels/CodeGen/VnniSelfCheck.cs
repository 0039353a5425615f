using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>Compares every generated kernel with plain C#, bit by bit, before it is used: a few thousand products, some microseconds.</summary>
internal static unsafe class VnniSelfCheck
{
    private const int Blocks = 2;
    private const int Zero = 128;

    public static bool Passes(VnniKernel kernel)
    {
        byte* codes = stackalloc byte[Blocks * 512];
        float* scales = stackalloc float[Blocks * 64];
        ActivationRecord* records = stackalloc ActivationRecord[Blocks * VnniEmitter.MaxRows];
        Fill(codes, scales, records);
        float* sums = stackalloc float[VnniEmitter.MaxRows * 16];
        VnniArguments arguments = new()
        {
            Codes = codes,
            Scales = (byte*)scales,
            Records = records,
            Sums = sums,
            Blocks = Blocks,
            RecordStride = VnniEmitter.MaxRows * sizeof(ActivationRecord),
        };
        for (int variant = 0; variant < VnniEmitter.MaxRows * 4; variant++)
        {
            int rows = (variant / 4) + 1;
            bool twoGroups = (variant & 2) != 0;
            bool offsets = (variant & 1) != 0;
            new Span<float>(sums, VnniEmitter.MaxRows * 16).Fill(0.25f);
            kernel.Run(&arguments, rows, twoGroups, offsets);
            for (int i = 0; i < VnniEmitter.MaxRows * 16; i++)
            {
                float expected = i / 16 < rows ? Expected(arguments, i / 16, i % 16, twoGroups, offsets) : 0.25f;
                if (BitConverter.SingleToInt32Bits(sums[i]) != BitConverter.SingleToInt32Bits(expected))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Numbers of all signs and sizes from a small generator.</summary>
    private static void Fill(byte* codes, float* scales, ActivationRecord* records)
    {
        uint state = 1;
        for (int i = 0; i < Blocks * 512; i++)
        {
            codes[i] = (byte)Next(ref state);
        }

        for (int i = 0; i < Blocks * 64; i++)
        {
            scales[i] = ((int)Next(ref state) - 128) / 37f;
        }

        float* row = stackalloc float[ActivationRecord.Elements];
        for (int r = 0; r < Blocks * VnniEmitter.MaxRows; r++)
        {
            for (int i = 0; i < ActivationRecord.Elements; i++)
            {
                row[i] = ((int)Next(ref state) - 128) / 11f;
            }

            Rounding.Round(row, ActivationRecord.Elements, records + r);
        }
    }

    private static uint Next(ref uint state)
    {
        state = (state * 1664525) + 1013904223;
        return state >> 24;
    }

    private static float Expected(in VnniArguments arguments, int row, int output, bool twoGroups, bool offsets)
    {
        float sum = 0.25f;
        for (int block = 0; block < Blocks; block++)
        {
            ActivationRecord* record = arguments.Records + (block * VnniEmitter.MaxRows) + row;
            float* scale = (float*)arguments.Scales + (block * 64) + output;
            int zero = offsets ? 0 : Zero;
            int dot0 = Dot(arguments.Codes + (block * 512), output, record, 0, zero);
            int dot1 = Dot(arguments.Codes + (block * 512), output, record, 16, zero);
            float product = twoGroups ? MathF.FusedMultiplyAdd(dot1, scale[16], dot0 * scale[0]) : (dot0 + dot1) * scale[0];
            sum = MathF.FusedMultiplyAdd(product, record->Scale, sum);
            if (offsets)
            {
                sum = MathF.FusedMultiplyAdd(scale[32], twoGroups ? record->ScaledSum0 : record->ScaledSum, sum);
                sum = twoGroups ? MathF.FusedMultiplyAdd(scale[48], record->ScaledSum1, sum) : sum;
            }
        }

        return sum;
    }

    private static int Dot(byte* codes, int output, ActivationRecord* record, int first, int zero)
    {
        int dot = 0;
        for (int i = first; i < first + 16; i++)
        {
            dot += (codes[(i / 4 * 64) + (output * 4) + (i % 4)] - zero) * record->Values[i];
        }

        return dot;
    }
}

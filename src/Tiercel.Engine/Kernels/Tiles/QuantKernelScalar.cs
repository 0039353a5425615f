namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>One number at a time: what the vector kernels are held against.</summary>
internal static unsafe class QuantKernelScalar<TQuants, TScales>
    where TQuants : struct, ITileQuants
    where TScales : struct, ITileScales
{
    public static void Run(TileArguments* arguments)
    {
        float* expanded = stackalloc float[64];
        int* codes = stackalloc int[ActivationRecord.Elements];
        new Span<float>(arguments->Sums, arguments->Rows * 16).Clear();
        for (int block = 0; block < arguments->Inputs / ActivationRecord.Elements; block++)
        {
            byte* weights = arguments->Weights + ((nint)block * TQuants.BlockBytes);
            ActivationRecord* records = arguments->Records + (block * arguments->RecordStride);
            TScales.Expand(arguments->Scales, block, expanded);
            for (int output = 0; output < 16; output++)
            {
                for (int i = 0; i < ActivationRecord.Elements; i++)
                {
                    codes[i] = TQuants.Code(weights, output, i) - TQuants.Zero;
                }

                for (int row = 0; row < arguments->Rows; row++)
                {
                    arguments->Sums[(row * 16) + output] += Block(codes, records + row, expanded + output);
                }
            }
        }
    }

    private static float Block(int* codes, ActivationRecord* record, float* scales)
    {
        int dot0 = 0;
        int dot1 = 0;
        for (int i = 0; i < 16; i++)
        {
            dot0 += codes[i] * record->Values[i];
            dot1 += codes[i + 16] * record->Values[i + 16];
        }

        float product = TScales.TwoGroups ? (dot0 * scales[0]) + (dot1 * scales[16]) : (dot0 + dot1) * scales[0];
        float sum = product * record->Scale;
        if (!TScales.HasOffsets)
        {
            return sum;
        }

        return TScales.TwoGroups
            ? sum + (scales[32] * record->ScaledSum0) + (scales[48] * record->ScaledSum1)
            : sum + (scales[32] * record->ScaledSum);
    }
}

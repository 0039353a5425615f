namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>One number at a time: what the vector kernels are held against.</summary>
internal static unsafe class FloatKernelScalar<TWeights>
    where TWeights : struct, IFloatWeights
{
    public static void Run(TileArguments* arguments)
    {
        for (int row = 0; row < arguments->Rows; row++)
        {
            float* inputs = arguments->Floats + (row * arguments->FloatStride);
            for (int output = 0; output < 16; output++)
            {
                float sum = 0;
                for (int k = 0; k < arguments->Inputs; k++)
                {
                    sum += TWeights.Value(arguments->Weights + ((nint)(k / 2) * TWeights.PairBytes), output, k % 2) * inputs[k];
                }

                arguments->Sums[(row * 16) + output] = sum;
            }
        }
    }
}

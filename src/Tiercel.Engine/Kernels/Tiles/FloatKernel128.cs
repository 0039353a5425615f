using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>128-bit vectors of any processor: a tile in four parts of four outputs, products and sums not fused.</summary>
internal static unsafe class FloatKernel128<TWeights>
    where TWeights : struct, IFloatWeights
{
    private const int Parts = 4;
    private const int Lanes = 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TileArguments* arguments)
    {
        new Span<float>(arguments->Sums, arguments->Rows * 16).Clear();
        byte* weights = arguments->Weights;
        float* inputs = arguments->Floats;
        int left = arguments->Inputs;
        for (; left >= 8; left -= 8)
        {
            for (int part = 0; part < Parts; part++)
            {
                Eight(arguments, weights, part, inputs, arguments->Sums + (part * Lanes));
            }

            weights += 4 * TWeights.PairBytes;
            inputs += 8;
        }

        for (; left > 0; left -= 2)
        {
            for (int part = 0; part < Parts; part++)
            {
                Pair(arguments, weights, part, inputs, left > 1, arguments->Sums + (part * Lanes));
            }

            weights += TWeights.PairBytes;
            inputs += 2;
        }
    }

    /// <summary>Eight elements of all rows: two chains of four, so that one row alone does not wait for every product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(TileArguments* arguments, byte* weights, int part, float* inputs, float* sums)
    {
        TWeights.Load(weights, part, out Vector128<float> w0, out Vector128<float> w1);
        TWeights.Load(weights + TWeights.PairBytes, part, out Vector128<float> w2, out Vector128<float> w3);
        TWeights.Load(weights + (2 * TWeights.PairBytes), part, out Vector128<float> w4, out Vector128<float> w5);
        TWeights.Load(weights + (3 * TWeights.PairBytes), part, out Vector128<float> w6, out Vector128<float> w7);
        for (int row = 0; row < arguments->Rows; row++)
        {
            Vector128<float> even = w0 * Vector128.Create(inputs[0]);
            Vector128<float> odd = w1 * Vector128.Create(inputs[1]);
            even = even + (w2 * Vector128.Create(inputs[2]));
            odd = odd + (w3 * Vector128.Create(inputs[3]));
            even = even + (w4 * Vector128.Create(inputs[4]));
            odd = odd + (w5 * Vector128.Create(inputs[5]));
            even = even + (w6 * Vector128.Create(inputs[6]));
            odd = odd + (w7 * Vector128.Create(inputs[7]));
            (Vector128.Load(sums) + (even + odd)).Store(sums);
            sums += 16;
            inputs += arguments->FloatStride;
        }
    }

    /// <summary>One or two last elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(TileArguments* arguments, byte* weights, int part, float* inputs, bool two, float* sums)
    {
        TWeights.Load(weights, part, out Vector128<float> w0, out Vector128<float> w1);
        for (int row = 0; row < arguments->Rows; row++)
        {
            Vector128<float> sum = Vector128.Load(sums) + (w0 * Vector128.Create(inputs[0]));
            if (two)
            {
                sum = sum + (w1 * Vector128.Create(inputs[1]));
            }

            sum.Store(sums);
            sums += 16;
            inputs += arguments->FloatStride;
        }
    }
}

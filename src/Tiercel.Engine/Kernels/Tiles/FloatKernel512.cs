using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>AVX-512: float weights and float32 activations, 16 outputs in the lanes of a vector; every row in the same order.</summary>
internal static unsafe class FloatKernel512<TWeights>
    where TWeights : struct, IFloatWeights
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TileArguments* arguments)
    {
        new Span<float>(arguments->Sums, arguments->Rows * 16).Clear();
        byte* weights = arguments->Weights;
        float* inputs = arguments->Floats;
        int left = arguments->Inputs;
        for (; left >= 8; left -= 8)
        {
            Prefetch.Ahead(weights, 0, 0, 4 * TWeights.PairBytes);
            Eight(arguments, weights, inputs, arguments->Sums);
            weights += 4 * TWeights.PairBytes;
            inputs += 8;
        }

        for (; left > 0; left -= 2)
        {
            Pair(arguments, weights, inputs, left > 1, arguments->Sums);
            weights += TWeights.PairBytes;
            inputs += 2;
        }
    }

    /// <summary>Eight elements of all rows: two chains of four, so that one row alone does not wait for every product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(TileArguments* arguments, byte* weights, float* inputs, float* sums)
    {
        TWeights.Load(weights, out Vector512<float> w0, out Vector512<float> w1);
        TWeights.Load(weights + TWeights.PairBytes, out Vector512<float> w2, out Vector512<float> w3);
        TWeights.Load(weights + (2 * TWeights.PairBytes), out Vector512<float> w4, out Vector512<float> w5);
        TWeights.Load(weights + (3 * TWeights.PairBytes), out Vector512<float> w6, out Vector512<float> w7);
        for (int row = 0; row < arguments->Rows; row++)
        {
            Vector512<float> even = w0 * Vector512.Create(inputs[0]);
            Vector512<float> odd = w1 * Vector512.Create(inputs[1]);
            even = Vector512.FusedMultiplyAdd(w2, Vector512.Create(inputs[2]), even);
            odd = Vector512.FusedMultiplyAdd(w3, Vector512.Create(inputs[3]), odd);
            even = Vector512.FusedMultiplyAdd(w4, Vector512.Create(inputs[4]), even);
            odd = Vector512.FusedMultiplyAdd(w5, Vector512.Create(inputs[5]), odd);
            even = Vector512.FusedMultiplyAdd(w6, Vector512.Create(inputs[6]), even);
            odd = Vector512.FusedMultiplyAdd(w7, Vector512.Create(inputs[7]), odd);
            (Vector512.Load(sums) + (even + odd)).Store(sums);
            sums += 16;
            inputs += arguments->FloatStride;
        }
    }

    /// <summary>One or two last elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(TileArguments* arguments, byte* weights, float* inputs, bool two, float* sums)
    {
        TWeights.Load(weights, out Vector512<float> w0, out Vector512<float> w1);
        for (int row = 0; row < arguments->Rows; row++)
        {
            Vector512<float> sum = Vector512.FusedMultiplyAdd(w0, Vector512.Create(inputs[0]), Vector512.Load(sums));
            if (two)
            {
                sum = Vector512.FusedMultiplyAdd(w1, Vector512.Create(inputs[1]), sum);
            }

            sum.Store(sums);
            sums += 16;
            inputs += arguments->FloatStride;
        }
    }
}

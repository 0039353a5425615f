using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>AVX2 and FMA: as the 512-bit kernel, a tile in two parts of eight outputs.</summary>
internal static unsafe class FloatKernel256<TWeights>
    where TWeights : struct, IFloatWeights
{
    private const int Parts = 2;
    private const int Lanes = 8;

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
        TWeights.Load(weights, part, out Vector256<float> w0, out Vector256<float> w1);
        TWeights.Load(weights + TWeights.PairBytes, part, out Vector256<float> w2, out Vector256<float> w3);
        TWeights.Load(weights + (2 * TWeights.PairBytes), part, out Vector256<float> w4, out Vector256<float> w5);
        TWeights.Load(weights + (3 * TWeights.PairBytes), part, out Vector256<float> w6, out Vector256<float> w7);
        for (int row = 0; row < arguments->Rows; row++)
        {
            Vector256<float> even = w0 * Vector256.Create(inputs[0]);
            Vector256<float> odd = w1 * Vector256.Create(inputs[1]);
            even = Vector256.FusedMultiplyAdd(w2, Vector256.Create(inputs[2]), even);
            odd = Vector256.FusedMultiplyAdd(w3, Vector256.Create(inputs[3]), odd);
            even = Vector256.FusedMultiplyAdd(w4, Vector256.Create(inputs[4]), even);
            odd = Vector256.FusedMultiplyAdd(w5, Vector256.Create(inputs[5]), odd);
            even = Vector256.FusedMultiplyAdd(w6, Vector256.Create(inputs[6]), even);
            odd = Vector256.FusedMultiplyAdd(w7, Vector256.Create(inputs[7]), odd);
            (Vector256.Load(sums) + (even + odd)).Store(sums);
            sums += 16;
            inputs += arguments->FloatStride;
        }
    }

    /// <summary>One or two last elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(TileArguments* arguments, byte* weights, int part, float* inputs, bool two, float* sums)
    {
        TWeights.Load(weights, part, out Vector256<float> w0, out Vector256<float> w1);
        for (int row = 0; row < arguments->Rows; row++)
        {
            Vector256<float> sum = Vector256.FusedMultiplyAdd(w0, Vector256.Create(inputs[0]), Vector256.Load(sums));
            if (two)
            {
                sum = Vector256.FusedMultiplyAdd(w1, Vector256.Create(inputs[1]), sum);
            }

            sum.Store(sums);
            sums += 16;
            inputs += arguments->FloatStride;
        }
    }
}

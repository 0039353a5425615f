using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// 128-bit vectors of any processor: a tile in four parts of four outputs. Codes are made signed first (code - zero fits a signed byte for every type), so that
/// nothing is to be taken off afterwards. Products and sums are not fused, since not every such processor can.
/// </summary>
internal static unsafe class QuantKernel128<TQuants, TScales>
    where TQuants : struct, ITileQuants
    where TScales : struct, ITileScales
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TileArguments* arguments)
    {
        int blocks = arguments->Inputs / ActivationRecord.Elements;
        float* expanded = stackalloc float[64];
        byte* weights = arguments->Weights;
        ActivationRecord* records = arguments->Records;
        new Span<float>(arguments->Sums, arguments->Rows * 16).Clear();
        for (int block = 0; block < blocks; block++)
        {
            TScales.Expand(arguments->Scales, block, expanded);
            for (int part = 0; part < 4; part++)
            {
                Part(weights, part, expanded + (part * 4), records, arguments->Sums + (part * 4), arguments->Rows);
            }

            weights += TQuants.BlockBytes;
            records += arguments->RecordStride;
        }
    }

    /// <summary>One block, four outputs, all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Part(byte* weights, int part, float* scales, ActivationRecord* record, float* sums, int rows)
    {
        TQuants.Load(weights, 0, part, out Vector128<byte> q0, out Vector128<byte> q1, out Vector128<byte> q2, out Vector128<byte> q3);
        TQuants.Load(weights, 1, part, out Vector128<byte> q4, out Vector128<byte> q5, out Vector128<byte> q6, out Vector128<byte> q7);
        Vector128<byte> zero = Vector128.Create(TQuants.Zero);
        Vector128<sbyte> w0 = (q0 - zero).AsSByte(), w1 = (q1 - zero).AsSByte(), w2 = (q2 - zero).AsSByte(), w3 = (q3 - zero).AsSByte();
        Vector128<sbyte> w4 = (q4 - zero).AsSByte(), w5 = (q5 - zero).AsSByte(), w6 = (q6 - zero).AsSByte(), w7 = (q7 - zero).AsSByte();
        for (int row = 0; row < rows; row++)
        {
            Vector128<float> sum = Vector128.Load(sums);
            int* quads = (int*)record->Values;
            Vector128<float> scale = Vector128.Create(record->Scale);
            Vector128<int> dot0 = Dot(w0, quads[0]) + Dot(w1, quads[1]) + Dot(w2, quads[2]) + Dot(w3, quads[3]);
            Vector128<int> dot1 = Dot(w4, quads[4]) + Dot(w5, quads[5]) + Dot(w6, quads[6]) + Dot(w7, quads[7]);
            if (TScales.TwoGroups)
            {
                Vector128<float> product = (Vector128.ConvertToSingle(dot0) * Vector128.Load(scales))
                    + (Vector128.ConvertToSingle(dot1) * Vector128.Load(scales + 16));
                sum += product * scale;
                if (TScales.HasOffsets)
                {
                    sum += Vector128.Load(scales + 32) * Vector128.Create(record->ScaledSum0);
                    sum += Vector128.Load(scales + 48) * Vector128.Create(record->ScaledSum1);
                }
            }
            else
            {
                sum += Vector128.ConvertToSingle(dot0 + dot1) * Vector128.Load(scales) * scale;
                if (TScales.HasOffsets)
                {
                    sum += Vector128.Load(scales + 32) * Vector128.Create(record->ScaledSum);
                }
            }

            sum.Store(sums);
            sums += 16;
            record++;
        }
    }

    /// <summary>Per lane the sum of four products of signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Dot(Vector128<sbyte> weights, int quad)
    {
        Vector128<int> activations = Vector128.Create(quad);
        if (Dp.IsSupported)
        {
            return Dp.DotProduct(Vector128<int>.Zero, weights, activations.AsSByte());
        }

        // Bytes 0 and 2 of a lane, then bytes 1 and 3, as 16-bit numbers.
        Vector128<short> evenWeights = (weights.AsInt16() << 8) >> 8;
        Vector128<short> evenActivations = (activations.AsInt16() << 8) >> 8;
        Vector128<short> oddWeights = weights.AsInt16() >> 8;
        Vector128<short> oddActivations = activations.AsInt16() >> 8;
        return Sse2.IsSupported
            ? Sse2.MultiplyAddAdjacent(evenWeights, evenActivations) + Sse2.MultiplyAddAdjacent(oddWeights, oddActivations)
            : AddHalves(evenWeights * evenActivations) + AddHalves(oddWeights * oddActivations);
    }

    /// <summary>Both 16-bit halves of each lane, each a product of at most 128 * 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> AddHalves(Vector128<short> products) => ((products.AsInt32() << 16) >> 16) + (products.AsInt32() >> 16);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// AVX-512: 16 outputs in the 16 lanes of a vector. The codes of a block stay in eight registers while all rows pass by: each row broadcasts its quads
/// (four 8-bit activations to every lane), multiplies and adds within the lane, and adds the block to its sum in memory (first-level cache).
/// Every row goes through the same instructions in the same order, however many there are.
/// </summary>
internal static unsafe class QuantKernel512<TQuants, TScales>
    where TQuants : struct, ITileQuants
    where TScales : struct, ITileScales
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TileArguments* arguments)
    {
        int blocks = arguments->Inputs / ActivationRecord.Elements;
        int rows = arguments->Rows;
        byte* weights = arguments->Weights;
        ActivationRecord* blockRecords = arguments->Records;
        new Span<float>(arguments->Sums, rows * 16).Clear();
        for (int block = 0; block < blocks; block++)
        {
            Prefetch.Ahead(arguments->Weights, block, arguments->BytesPerBlock, TQuants.BlockBytes);
            TQuants.Load(weights, 0, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3);
            TQuants.Load(weights, 1, out Vector512<byte> q4, out Vector512<byte> q5, out Vector512<byte> q6, out Vector512<byte> q7);
            TScales.Load(
                arguments->Scales, block, out Vector512<float> s0, out Vector512<float> s1, out Vector512<float> o0, out Vector512<float> o1);
            float* sums = arguments->Sums;
            ActivationRecord* record = blockRecords;
            for (int row = 0; row < rows; row++)
            {
                Vector512<float> sum = Vector512.Load(sums);
                int* quads = (int*)record->Values;
                Vector512<float> scale = Vector512.Create(record->Scale);
                if (TScales.TwoGroups)
                {
                    Vector512<int> dot0 = Centre(Dot(q0, q1, q2, q3, quads), &record->Centre0);
                    Vector512<int> dot1 = Centre(Dot(q4, q5, q6, q7, quads + 4), &record->Centre1);
                    Vector512<float> product = Vector512.ConvertToSingle(dot0) * s0;
                    product = Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(dot1), s1, product);
                    sum = Vector512.FusedMultiplyAdd(product, scale, sum);
                    if (TScales.HasOffsets)
                    {
                        sum = Vector512.FusedMultiplyAdd(o0, Vector512.Create(record->ScaledSum0), sum);
                        sum = Vector512.FusedMultiplyAdd(o1, Vector512.Create(record->ScaledSum1), sum);
                    }
                }
                else
                {
                    Vector512<int> dot = Centre(Dot(q0, q1, q2, q3, q4, q5, q6, q7, quads), &record->Centre);
                    sum = Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(dot) * s0, scale, sum);
                    if (TScales.HasOffsets)
                    {
                        sum = Vector512.FusedMultiplyAdd(o0, Vector512.Create(record->ScaledSum), sum);
                    }
                }

                sum.Store(sums);
                sums += 16;
                record++;
            }

            weights += TQuants.BlockBytes;
            blockRecords += arguments->RecordStride;
        }
    }

    /// <summary>Codes are around <see cref="ITileQuants.Zero"/>: what that adds is taken off, in integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Centre(Vector512<int> dot, int* centre)
        => TQuants.Zero == 0 ? dot : dot + (Vector512.Create(*centre) >> (7 - int.Log2(TQuants.Zero)));

    /// <summary>
    /// All eight quads. A pair of products is at most 2 * 127 * 15 = 3,810 for codes to 15, and eight of them 30,480: the sum stays in 16 bits to the end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Dot(
        Vector512<byte> q0, Vector512<byte> q1, Vector512<byte> q2, Vector512<byte> q3, Vector512<byte> q4, Vector512<byte> q5, Vector512<byte> q6, Vector512<byte> q7, int* quads)
    {
        if (TQuants.Max <= 15)
        {
            Vector512<short> pairs = Pairs(q0, quads) + Pairs(q1, quads + 1) + Pairs(q2, quads + 2) + Pairs(q3, quads + 3)
                + (Pairs(q4, quads + 4) + Pairs(q5, quads + 5) + Pairs(q6, quads + 6) + Pairs(q7, quads + 7));
            return Widen(pairs);
        }

        return Dot(q0, q1, q2, q3, quads) + Dot(q4, q5, q6, q7, quads + 4);
    }

    /// <summary>
    /// Four quads. For codes to 31 four pairs reach 4 * 7,874 = 31,496, for codes to 63 two reach 2 * 16,002 = 32,004: both below 2^15.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Dot(Vector512<byte> q0, Vector512<byte> q1, Vector512<byte> q2, Vector512<byte> q3, int* quads)
    {
        Vector512<short> first = Pairs(q0, quads) + Pairs(q1, quads + 1);
        Vector512<short> second = Pairs(q2, quads + 2) + Pairs(q3, quads + 3);
        return TQuants.Max <= 31 ? Widen(first + second) : Widen(first) + Widen(second);
    }

    /// <summary>Per lane two sums of two products: code times activation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Pairs(Vector512<byte> codes, int* quad)
        => Avx512BW.MultiplyAddAdjacent(codes, Vector512.Create(*quad).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(Vector512<short> pairs) => Avx512BW.MultiplyAddAdjacent(pairs, Vector512<short>.One);
}

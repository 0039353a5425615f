using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>AVX2, with the dot product of AVX-VNNI where there is one: as <see cref="QuantKernel512{TQuants, TScales}"/>, a tile in two parts of eight outputs.</summary>
internal static unsafe class QuantKernel256<TQuants, TScales>
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
            Prefetch.Ahead(arguments->Weights, block, arguments->BytesPerBlock, TQuants.BlockBytes);
            TScales.Expand(arguments->Scales, block, expanded);
            Part(weights, 0, expanded, records, arguments->Sums, arguments->Rows);
            Part(weights, 1, expanded + 8, records, arguments->Sums + 8, arguments->Rows);
            weights += TQuants.BlockBytes;
            records += arguments->RecordStride;
        }
    }

    /// <summary>One block, eight outputs, all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Part(byte* weights, int part, float* scales, ActivationRecord* record, float* sums, int rows)
    {
        TQuants.Load(weights, 0, part, out Vector256<byte> q0, out Vector256<byte> q1, out Vector256<byte> q2, out Vector256<byte> q3);
        TQuants.Load(weights, 1, part, out Vector256<byte> q4, out Vector256<byte> q5, out Vector256<byte> q6, out Vector256<byte> q7);
        for (int row = 0; row < rows; row++)
        {
            Vector256<float> sum = Vector256.Load(sums);
            int* quads = (int*)record->Values;
            Vector256<float> scale = Vector256.Create(record->Scale);
            if (TScales.TwoGroups)
            {
                Vector256<int> dot0 = Centre(Dot(q0, q1, q2, q3, quads), &record->Centre0);
                Vector256<int> dot1 = Centre(Dot(q4, q5, q6, q7, quads + 4), &record->Centre1);
                Vector256<float> product = Vector256.ConvertToSingle(dot0) * Vector256.Load(scales);
                product = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(dot1), Vector256.Load(scales + 16), product);
                sum = Vector256.FusedMultiplyAdd(product, scale, sum);
                if (TScales.HasOffsets)
                {
                    sum = Vector256.FusedMultiplyAdd(Vector256.Load(scales + 32), Vector256.Create(record->ScaledSum0), sum);
                    sum = Vector256.FusedMultiplyAdd(Vector256.Load(scales + 48), Vector256.Create(record->ScaledSum1), sum);
                }
            }
            else
            {
                Vector256<int> dot = Centre(Dot(q0, q1, q2, q3, quads) + Dot(q4, q5, q6, q7, quads + 4), &record->Centre);
                sum = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(dot) * Vector256.Load(scales), scale, sum);
                if (TScales.HasOffsets)
                {
                    sum = Vector256.FusedMultiplyAdd(Vector256.Load(scales + 32), Vector256.Create(record->ScaledSum), sum);
                }
            }

            sum.Store(sums);
            sums += 16;
            record++;
        }
    }

    /// <summary>Whether <see cref="Dot"/> takes off what the zero of the codes adds.</summary>
    private static bool DotIsCentred => TQuants.Max > 63 && !AvxVnni.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Centre(Vector256<int> dot, int* centre)
        => TQuants.Zero == 0 || DotIsCentred ? dot : dot + (Vector256.Create(*centre) >> (7 - int.Log2(TQuants.Zero)));

    /// <summary>Four quads; the bounds are those of the 512-bit kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(Vector256<byte> q0, Vector256<byte> q1, Vector256<byte> q2, Vector256<byte> q3, int* quads)
    {
        if (AvxVnni.IsSupported)
        {
            Vector256<int> dot = AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, q0, Broadcast(quads));
            dot = AvxVnni.MultiplyWideningAndAdd(dot, q1, Broadcast(quads + 1));
            dot = AvxVnni.MultiplyWideningAndAdd(dot, q2, Broadcast(quads + 2));
            return AvxVnni.MultiplyWideningAndAdd(dot, q3, Broadcast(quads + 3));
        }

        if (TQuants.Max > 63)
        {
            return SignedQuad(q0, quads) + SignedQuad(q1, quads + 1) + SignedQuad(q2, quads + 2) + SignedQuad(q3, quads + 3);
        }

        Vector256<short> first = Pairs(q0, quads) + Pairs(q1, quads + 1);
        Vector256<short> second = Pairs(q2, quads + 2) + Pairs(q3, quads + 3);
        return TQuants.Max <= 31 ? Widen(first + second) : Widen(first) + Widen(second);
    }

    /// <summary>
    /// Codes of eight bits: the weight's magnitude times the activation with the weight's sign. Magnitudes reach 128, so that a pair is at most
    /// 2 * 128 * 127 = 32,512, below 2^15.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> SignedQuad(Vector256<byte> codes, int* quad)
    {
        Vector256<sbyte> signed = (codes ^ Vector256.Create(TQuants.Zero)).AsSByte();
        return Widen(Avx2.MultiplyAddAdjacent(Avx2.Abs(signed), Avx2.Sign(Broadcast(quad), signed)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pairs(Vector256<byte> codes, int* quad) => Avx2.MultiplyAddAdjacent(codes, Broadcast(quad));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Widen(Vector256<short> pairs) => Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Broadcast(int* quad) => Vector256.Create(*quad).AsSByte();
}

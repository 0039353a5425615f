using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// AVX-512 for codes of all eight bits, whose products would overflow the 16-bit sums of <see cref="QuantKernel512{TQuants, TScales}"/>: codes are split into 16-bit lanes, those
/// of elements 0 and 2 of a quad and those of 1 and 3, and meet activations widened in the same order. Products of 255 * 127 go straight into 32 bits.
/// </summary>
internal static unsafe class WideKernel512<TQuants, TScales>
    where TQuants : struct, ITileQuants
    where TScales : struct, ITileScales
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TileArguments* arguments)
    {
        int blocks = arguments->Inputs / ActivationRecord.Elements;
        int rows = arguments->Rows;
        byte* weights = arguments->Weights;
        nint blockOffset = 0;
        new Span<float>(arguments->Sums, rows * 16).Clear();
        for (int block = 0; block < blocks; block++)
        {
            Prefetch.Ahead(arguments->Weights, block, arguments->BytesPerBlock, TQuants.BlockBytes);
            TQuants.Load(weights, 0, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3);
            TQuants.Load(weights, 1, out Vector512<byte> q4, out Vector512<byte> q5, out Vector512<byte> q6, out Vector512<byte> q7);
            Vector512<short> e0 = Even(q0), e1 = Even(q1), e2 = Even(q2), e3 = Even(q3), e4 = Even(q4), e5 = Even(q5), e6 = Even(q6), e7 = Even(q7);
            Vector512<short> d0 = Odd(q0), d1 = Odd(q1), d2 = Odd(q2), d3 = Odd(q3), d4 = Odd(q4), d5 = Odd(q5), d6 = Odd(q6), d7 = Odd(q7);
            TScales.Load(arguments->Scales, block, out Vector512<float> s0, out _, out _, out _);
            float* sums = arguments->Sums;
            ActivationRecord* record = arguments->Records + blockOffset;
            int* wide = (int*)(arguments->Wide + (blockOffset * ActivationRecord.Elements));
            for (int row = 0; row < rows; row++)
            {
                Vector512<int> dotEven = Product(e0, wide) + Product(e1, wide + 2) + Product(e2, wide + 4) + Product(e3, wide + 6)
                    + Product(e4, wide + 8) + Product(e5, wide + 10) + Product(e6, wide + 12) + Product(e7, wide + 14);
                Vector512<int> dotOdd = Product(d0, wide + 1) + Product(d1, wide + 3) + Product(d2, wide + 5) + Product(d3, wide + 7)
                    + Product(d4, wide + 9) + Product(d5, wide + 11) + Product(d6, wide + 13) + Product(d7, wide + 15);
                Vector512<int> dot = dotEven + dotOdd + (Vector512.Create(record->Centre) >> (7 - int.Log2(TQuants.Zero)));
                Vector512<float> sum = Vector512.FusedMultiplyAdd(
                    Vector512.ConvertToSingle(dot) * s0, Vector512.Create(record->Scale), Vector512.Load(sums));
                sum.Store(sums);
                sums += 16;
                wide += 16;
                record++;
            }

            weights += TQuants.BlockBytes;
            blockOffset += arguments->RecordStride;
        }
    }

    /// <summary>Bytes 0 and 2 of each lane as two 16-bit numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Even(Vector512<byte> codes) => (codes.AsUInt16() & Vector512.Create((ushort)255)).AsInt16();

    /// <summary>Bytes 1 and 3 of each lane as two 16-bit numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Odd(Vector512<byte> codes) => (codes.AsUInt16() >>> 8).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Product(Vector512<short> codes, int* pair)
        => Avx512BW.MultiplyAddAdjacent(codes, Vector512.Create(*pair).AsInt16());
}

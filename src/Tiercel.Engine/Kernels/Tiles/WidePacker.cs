using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Kernels.Quantization;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// As <see cref="QuantPacker{TBlock}"/>, the 16 rows of a whole tile at once in 512-bit vectors: the same bytes. In a vector of rows part p of 128 bits is row 4p, 4p + 1, 4p + 2 or 4p + 3.
/// </summary>
internal static unsafe class WidePacker<TBlock>
    where TBlock : struct, IWideBlock
{
    private const int Lanes = TileKind.Outputs;

    /// <summary>Fills the codes and scales of a tile.</summary>
    /// <param name="rows">First byte of the first row.</param>
    /// <param name="rowBytes">From row to row.</param>
    /// <param name="blocks">Blocks of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(byte* rows, nint rowBytes, int blocks, byte* codes, byte* scales)
    {
        for (int block = 0; block < blocks; block++)
        {
            for (int run = 0; run < TBlock.Runs; run++)
            {
                PackRun(rows, rowBytes, run, codes);
                codes += 64 * (TBlock.LowBits + TBlock.HighBits);
            }

            byte* row = rows;
            for (int lane = 0; lane < Lanes; lane++)
            {
                ((ushort*)scales)[lane] = TBlock.Scale(row);
                if (TBlock.HasOffsets)
                {
                    ((ushort*)scales)[Lanes + lane] = TBlock.Offset(row);
                }

                row += rowBytes;
            }

            scales += TBlock.HasOffsets ? 64 : 32;
            if (TBlock.GroupBytes > 0)
            {
                PackGroups(rows, rowBytes, scales);
                scales += Lanes * TBlock.GroupBytes;
            }

            rows += TBlock.Bytes;
        }
    }

    /// <summary>32 elements of the rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackRun(byte* rows, nint rowBytes, int run, byte* planes)
    {
        byte* fourth = rows + (4 * rowBytes);
        byte* eighth = fourth + (4 * rowBytes);
        byte* twelfth = eighth + (4 * rowBytes);
        TBlock.Codes(rows, fourth, eighth, twelfth, run, out Vector512<byte> a0, out Vector512<byte> a1);
        TBlock.Codes(rows + rowBytes, fourth + rowBytes, eighth + rowBytes, twelfth + rowBytes, run, out Vector512<byte> b0, out Vector512<byte> b1);
        nint two = 2 * rowBytes;
        TBlock.Codes(rows + two, fourth + two, eighth + two, twelfth + two, run, out Vector512<byte> c0, out Vector512<byte> c1);
        nint three = 3 * rowBytes;
        TBlock.Codes(rows + three, fourth + three, eighth + three, twelfth + three, run, out Vector512<byte> d0, out Vector512<byte> d1);
        Vector512<uint> q0 = a0.AsUInt32();
        Vector512<uint> q1 = b0.AsUInt32();
        Vector512<uint> q2 = c0.AsUInt32();
        Vector512<uint> q3 = d0.AsUInt32();
        Vector512<uint> q4 = a1.AsUInt32();
        Vector512<uint> q5 = b1.AsUInt32();
        Vector512<uint> q6 = c1.AsUInt32();
        Vector512<uint> q7 = d1.AsUInt32();
        Transposed.Words(ref q0, ref q1, ref q2, ref q3);
        Transposed.Words(ref q4, ref q5, ref q6, ref q7);
        if (TBlock.LowBits == 8)
        {
            q0.AsByte().Store(planes);
            q1.AsByte().Store(planes + 64);
            q2.AsByte().Store(planes + 128);
            q3.AsByte().Store(planes + 192);
            q4.AsByte().Store(planes + 256);
            q5.AsByte().Store(planes + 320);
            q6.AsByte().Store(planes + 384);
            q7.AsByte().Store(planes + 448);
            return;
        }

        // Four low bits: two quads to a byte.
        Low(q0, q1).Store(planes);
        Low(q2, q3).Store(planes + 64);
        Low(q4, q5).Store(planes + 128);
        Low(q6, q7).Store(planes + 192);
        if (TBlock.HighBits == 2)
        {
            (High(q0, q1) | PackedBits.Raise(High(q2, q3), 4)).Store(planes + 256);
            (High(q4, q5) | PackedBits.Raise(High(q6, q7), 4)).Store(planes + 320);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Low(Vector512<uint> first, Vector512<uint> second)
    {
        Vector512<byte> low = TBlock.HighBits == 0 ? first.AsByte() : PackedBits.Take(first.AsByte(), 0, 4);
        Vector512<byte> next = TBlock.HighBits == 0 ? second.AsByte() : PackedBits.Take(second.AsByte(), 0, 4);
        return low | PackedBits.Raise(next, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> High(Vector512<uint> first, Vector512<uint> second)
        => PackedBits.Take(first.AsByte(), 4, 2) | PackedBits.Raise(PackedBits.Take(second.AsByte(), 4, 2), 2);

    /// <summary>16 integers of each row: for each of them 16 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackGroups(byte* rows, nint rowBytes, byte* groups)
    {
        Vector512<uint> a = Groups(rows, rowBytes).AsUInt32();
        Vector512<uint> b = Groups(rows + rowBytes, rowBytes).AsUInt32();
        Vector512<uint> c = Groups(rows + (2 * rowBytes), rowBytes).AsUInt32();
        Vector512<uint> d = Groups(rows + (3 * rowBytes), rowBytes).AsUInt32();
        Transposed.Words(ref a, ref b, ref c, ref d);
        Transposed.Bytes(a.AsByte()).Store(groups);
        Transposed.Bytes(b.AsByte()).Store(groups + 64);
        Transposed.Bytes(c.AsByte()).Store(groups + 128);
        Transposed.Bytes(d.AsByte()).Store(groups + 192);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Groups(byte* row, nint rowBytes) => Vector512.Create(
        Vector256.Create(TBlock.Groups(row), TBlock.Groups(row + (4 * rowBytes))),
        Vector256.Create(TBlock.Groups(row + (8 * rowBytes)), TBlock.Groups(row + (12 * rowBytes))));
}

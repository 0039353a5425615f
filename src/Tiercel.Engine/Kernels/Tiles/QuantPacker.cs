using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Kernels.Quantization;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Packs a tile of a quantised type: stored blocks are unpacked, transposed and put into their planes in registers, four rows at a time. Compiled to its end at once, since a model is loaded before the
/// runtime would notice how often it runs.
/// </summary>
internal static unsafe class QuantPacker<TBlock>
    where TBlock : struct, IStoredBlock
{
    private const int Lanes = TileKind.Outputs;

    /// <summary>Fills the codes of a tile, then its scales, which have been zeroed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref readonly PackingRows rows, int blocks, byte* codes, byte* scales, QuantFormat format)
    {
        BlockFields fields = new(
            stackalloc byte[BlockFields.MaxElements], stackalloc sbyte[BlockFields.MaxGroups], stackalloc byte[BlockFields.MaxGroups]);
        bool hasOffsets = format.HasOffsets;
        int groups = format.HasGroupScales ? format.GroupsPerBlock : 0;
        int headBytes = hasOffsets ? 64 : 32;
        int groupBytes = hasOffsets ? 32 : 16;
        for (int block = 0; block < blocks; block++)
        {
            nint at = (nint)block * TBlock.Bytes;
            for (int run = 0; run < TBlock.Runs; run++)
            {
                for (int lane = 0; lane < Lanes; lane += 4)
                {
                    PackRun(rows[lane] + at, rows[lane + 1] + at, rows[lane + 2] + at, rows[lane + 3] + at, run, codes + (lane * 4));
                }

                codes += 64 * (TBlock.LowBits + TBlock.HighBits);
            }

            for (int lane = 0; lane < rows.Count; lane++)
            {
                TBlock.Scales(rows[lane] + at, ref fields);
                ((ushort*)scales)[lane] = fields.Scale;
                if (hasOffsets)
                {
                    ((ushort*)scales)[Lanes + lane] = fields.Offset;
                }

                byte* next = scales + headBytes + lane;
                for (int group = 0; group < groups; group++)
                {
                    *next = (byte)fields.GroupScales[group];
                    if (hasOffsets)
                    {
                        next[Lanes] = fields.GroupOffsets[group];
                    }

                    next += groupBytes;
                }
            }

            scales += headBytes + (groups * groupBytes);
        }
    }

    /// <summary>32 elements of four rows: eight quads of codes, four rows beside each other in each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackRun(byte* a, byte* b, byte* c, byte* d, int run, byte* planes)
    {
        TBlock.Codes(a, run, out Vector128<byte> a0, out Vector128<byte> a1);
        TBlock.Codes(b, run, out Vector128<byte> b0, out Vector128<byte> b1);
        TBlock.Codes(c, run, out Vector128<byte> c0, out Vector128<byte> c1);
        TBlock.Codes(d, run, out Vector128<byte> d0, out Vector128<byte> d1);
        Vector128<uint> q0 = a0.AsUInt32();
        Vector128<uint> q1 = b0.AsUInt32();
        Vector128<uint> q2 = c0.AsUInt32();
        Vector128<uint> q3 = d0.AsUInt32();
        Vector128<uint> q4 = a1.AsUInt32();
        Vector128<uint> q5 = b1.AsUInt32();
        Vector128<uint> q6 = c1.AsUInt32();
        Vector128<uint> q7 = d1.AsUInt32();
        Transposed.Words(ref q0, ref q1, ref q2, ref q3);
        Transposed.Words(ref q4, ref q5, ref q6, ref q7);
        Plane(0, TBlock.LowBits, q0.AsByte(), q1.AsByte(), q2.AsByte(), q3.AsByte(), q4.AsByte(), q5.AsByte(), q6.AsByte(), q7.AsByte(), planes);
        if (TBlock.HighBits > 0)
        {
            Plane(
                TBlock.LowBits, TBlock.HighBits, q0.AsByte(), q1.AsByte(), q2.AsByte(), q3.AsByte(), q4.AsByte(), q5.AsByte(), q6.AsByte(), q7.AsByte(),
                planes + (64 * TBlock.LowBits));
        }
    }

    /// <summary>Some bits of eight quads, 8 / bits quads to a byte, the first of them lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Plane(
        int firstBit,
        int bits,
        Vector128<byte> q0,
        Vector128<byte> q1,
        Vector128<byte> q2,
        Vector128<byte> q3,
        Vector128<byte> q4,
        Vector128<byte> q5,
        Vector128<byte> q6,
        Vector128<byte> q7,
        byte* plane)
    {
        if (bits == 8)
        {
            q0.Store(plane);
            q1.Store(plane + 64);
            q2.Store(plane + 128);
            q3.Store(plane + 192);
            q4.Store(plane + 256);
            q5.Store(plane + 320);
            q6.Store(plane + 384);
            q7.Store(plane + 448);
            return;
        }

        Vector128<byte> first = Pair(q0, q1, firstBit, bits);
        Vector128<byte> second = Pair(q2, q3, firstBit, bits);
        Vector128<byte> third = Pair(q4, q5, firstBit, bits);
        Vector128<byte> fourth = Pair(q6, q7, firstBit, bits);
        if (bits == 4)
        {
            first.Store(plane);
            second.Store(plane + 64);
            third.Store(plane + 128);
            fourth.Store(plane + 192);
            return;
        }

        first |= PackedBits.Raise(second, 2 * bits);
        third |= PackedBits.Raise(fourth, 2 * bits);
        if (bits == 2)
        {
            first.Store(plane);
            third.Store(plane + 64);
            return;
        }

        (first | PackedBits.Raise(third, 4)).Store(plane);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Pair(Vector128<byte> low, Vector128<byte> high, int firstBit, int bits)
        => PackedBits.Take(low, firstBit, bits) | PackedBits.Raise(PackedBits.Take(high, firstBit, bits), bits);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Unpacks blocks of a tile to a byte per code and float scales, for the kernels that take all types in that one form (AVX-512): codes are multiplied by a power of two so that zero is at
/// 128 (or stays at 0), and scales divided by it. Codes that are bytes already are read where they lie.
/// </summary>
internal static unsafe class TileUnpacker<TQuants, TScales>
    where TQuants : struct, ITileQuants
    where TScales : struct, ITileScales
{
    /// <param name="codes">512 bytes per block; not written for types whose codes are bytes in the tile.</param>
    /// <param name="scales">64 floats per block: two scales and two offsets of the 16 outputs, those that the type has.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TileArguments* arguments, int firstBlock, int blocks, byte* codes, float* scales)
    {
        for (int block = firstBlock; block < firstBlock + blocks; block++)
        {
            Prefetch.Ahead(arguments->Weights, block, arguments->BytesPerBlock, TQuants.BlockBytes);
            byte* packed = arguments->Weights + ((nint)block * TQuants.BlockBytes);
            for (int half = 0; half < 2 && TQuants.BlockBytes < 512; half++)
            {
                TQuants.Load(packed, half, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3);
                Moved(q0).Store(codes);
                Moved(q1).Store(codes + 64);
                Moved(q2).Store(codes + 128);
                Moved(q3).Store(codes + 192);
                codes += 256;
            }

            TScales.Load(
                arguments->Scales, block, out Vector512<float> s0, out Vector512<float> s1, out Vector512<float> o0, out Vector512<float> o1);
            Vector512<float> factor = Vector512.Create(1f / (1 << CodeShift));
            (s0 * factor).Store(scales);
            if (TScales.TwoGroups)
            {
                (s1 * factor).Store(scales + 16);
            }

            if (TScales.HasOffsets)
            {
                o0.Store(scales + 32);
                o1.Store(scales + 48);
            }

            scales += 64;
        }
    }

    private static int CodeShift => TQuants.Zero == 0 ? 0 : 7 - int.Log2(TQuants.Zero);

    /// <summary>No bit leaves its byte: the largest code is less than twice the zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Moved(Vector512<byte> codes) => (codes.AsUInt16() << CodeShift).AsByte();
}

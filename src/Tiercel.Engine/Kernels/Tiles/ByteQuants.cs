using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>A byte per code: eight vectors of 64 bytes, one per quad.</summary>
internal readonly unsafe struct ByteQuants<TCodes> : ITileQuants
    where TCodes : struct, ICodes
{
    public static int BlockBytes => 512;

    public static int LowBits => 8;

    public static int HighBits => 0;

    public static bool IsLookedUp => false;

    public static byte Zero => TCodes.Zero;

    public static byte Max => TCodes.Max;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3)
    {
        byte* quads = block + (half * 256);
        q0 = Vector512.Load(quads);
        q1 = Vector512.Load(quads + 64);
        q2 = Vector512.Load(quads + 128);
        q3 = Vector512.Load(quads + 192);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector256<byte> q0, out Vector256<byte> q1, out Vector256<byte> q2, out Vector256<byte> q3)
    {
        byte* quads = block + (half * 256) + (part * 32);
        q0 = Vector256.Load(quads);
        q1 = Vector256.Load(quads + 64);
        q2 = Vector256.Load(quads + 128);
        q3 = Vector256.Load(quads + 192);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector128<byte> q0, out Vector128<byte> q1, out Vector128<byte> q2, out Vector128<byte> q3)
    {
        byte* quads = block + (half * 256) + (part * 16);
        q0 = Vector128.Load(quads);
        q1 = Vector128.Load(quads + 64);
        q2 = Vector128.Load(quads + 128);
        q3 = Vector128.Load(quads + 192);
    }

    public static byte Code(byte* block, int output, int element) => block[(element / 4 * 64) + (output * 4) + (element % 4)];
}

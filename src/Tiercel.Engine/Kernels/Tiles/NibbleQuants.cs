using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Half a byte per code: four vectors of 64 bytes. Vector v holds quad 2v in its low nibbles and quad 2v + 1 in its high ones.
/// </summary>
internal readonly unsafe struct NibbleQuants<TCodes> : ITileQuants
    where TCodes : struct, ICodes
{
    public static int BlockBytes => 256;

    public static int LowBits => 4;

    public static int HighBits => 0;

    public static bool IsLookedUp => false;

    public static byte Zero => TCodes.Zero;

    public static byte Max => TCodes.Max;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3)
    {
        Vector512<byte> low = Vector512.Create((byte)15);
        Vector512<byte> first = Vector512.Load(block + (half * 128));
        Vector512<byte> second = Vector512.Load(block + (half * 128) + 64);
        q0 = first & low;
        q1 = Vector512.ShiftRightLogical(first.AsUInt16(), 4).AsByte() & low;
        q2 = second & low;
        q3 = Vector512.ShiftRightLogical(second.AsUInt16(), 4).AsByte() & low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector256<byte> q0, out Vector256<byte> q1, out Vector256<byte> q2, out Vector256<byte> q3)
    {
        Vector256<byte> low = Vector256.Create((byte)15);
        Vector256<byte> first = Vector256.Load(block + (half * 128) + (part * 32));
        Vector256<byte> second = Vector256.Load(block + (half * 128) + 64 + (part * 32));
        q0 = first & low;
        q1 = Vector256.ShiftRightLogical(first.AsUInt16(), 4).AsByte() & low;
        q2 = second & low;
        q3 = Vector256.ShiftRightLogical(second.AsUInt16(), 4).AsByte() & low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector128<byte> q0, out Vector128<byte> q1, out Vector128<byte> q2, out Vector128<byte> q3)
    {
        Vector128<byte> low = Vector128.Create((byte)15);
        Vector128<byte> first = Vector128.Load(block + (half * 128) + (part * 16));
        Vector128<byte> second = Vector128.Load(block + (half * 128) + 64 + (part * 16));
        q0 = first & low;
        q1 = Vector128.ShiftRightLogical(first.AsUInt16(), 4).AsByte() & low;
        q2 = second & low;
        q3 = Vector128.ShiftRightLogical(second.AsUInt16(), 4).AsByte() & low;
    }

    public static byte Code(byte* block, int output, int element)
    {
        int quad = element / 4;
        byte pair = block[(quad / 2 * 64) + (output * 4) + (element % 4)];
        return (byte)(quad % 2 == 0 ? pair & 15 : pair >> 4);
    }
}

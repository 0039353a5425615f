using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>As <see cref="NibbleQuants{TCodes}"/>, each nibble then looked up in a table of 16 bytes by a byte shuffle.</summary>
internal readonly unsafe struct TableQuants<TTable, TCodes> : ITileQuants
    where TTable : struct, ITable
    where TCodes : struct, ICodes
{
    public static int BlockBytes => NibbleQuants<TCodes>.BlockBytes;

    public static int LowBits => 4;

    public static int HighBits => 0;

    public static bool IsLookedUp => true;

    public static byte Zero => TCodes.Zero;

    public static byte Max => TCodes.Max;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3)
    {
        // The shuffle works within each 128 bits, hence the table four times.
        Vector512<byte> table = Vector512.Create(TTable.Values);
        NibbleQuants<TCodes>.Load(block, half, out q0, out q1, out q2, out q3);
        q0 = Avx512BW.Shuffle(table, q0);
        q1 = Avx512BW.Shuffle(table, q1);
        q2 = Avx512BW.Shuffle(table, q2);
        q3 = Avx512BW.Shuffle(table, q3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector256<byte> q0, out Vector256<byte> q1, out Vector256<byte> q2, out Vector256<byte> q3)
    {
        Vector256<byte> table = Vector256.Create(TTable.Values, TTable.Values);
        NibbleQuants<TCodes>.Load(block, half, part, out q0, out q1, out q2, out q3);
        q0 = Avx2.Shuffle(table, q0);
        q1 = Avx2.Shuffle(table, q1);
        q2 = Avx2.Shuffle(table, q2);
        q3 = Avx2.Shuffle(table, q3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector128<byte> q0, out Vector128<byte> q1, out Vector128<byte> q2, out Vector128<byte> q3)
    {
        NibbleQuants<TCodes>.Load(block, half, part, out q0, out q1, out q2, out q3);
        q0 = Vector128.Shuffle(TTable.Values, q0);
        q1 = Vector128.Shuffle(TTable.Values, q1);
        q2 = Vector128.Shuffle(TTable.Values, q2);
        q3 = Vector128.Shuffle(TTable.Values, q3);
    }

    public static byte Code(byte* block, int output, int element) => TTable.Values[NibbleQuants<TCodes>.Code(block, output, element)];
}

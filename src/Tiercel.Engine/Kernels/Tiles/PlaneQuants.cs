using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Codes of two to six bits, as many bytes as in the file: a plane of low bits, then a plane of high bits. A vector of 64 bytes of a plane of b bits holds 8 / b quads, the first of them
/// in the lowest b bits of every byte.
/// </summary>
internal readonly unsafe struct PlaneQuants<TLow, THigh, TCodes> : ITileQuants
    where TLow : struct, IPlane
    where THigh : struct, IPlane
    where TCodes : struct, ICodes
{
    public static int BlockBytes => 64 * (TLow.Bits + THigh.Bits);

    public static bool IsLookedUp => false;

    public static byte Zero => TCodes.Zero;

    public static byte Max => TCodes.Max;

    public static int LowBits => TLow.Bits;

    public static int HighBits => THigh.Bits;

    private static int HighOffset => 64 * TLow.Bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3)
    {
        q0 = Quad512(block, half * 4);
        q1 = Quad512(block, (half * 4) + 1);
        q2 = Quad512(block, (half * 4) + 2);
        q3 = Quad512(block, (half * 4) + 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector256<byte> q0, out Vector256<byte> q1, out Vector256<byte> q2, out Vector256<byte> q3)
    {
        block += part * 32;
        q0 = Quad256(block, half * 4);
        q1 = Quad256(block, (half * 4) + 1);
        q2 = Quad256(block, (half * 4) + 2);
        q3 = Quad256(block, (half * 4) + 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int half, int part, out Vector128<byte> q0, out Vector128<byte> q1, out Vector128<byte> q2, out Vector128<byte> q3)
    {
        block += part * 16;
        q0 = Quad128(block, half * 4);
        q1 = Quad128(block, (half * 4) + 1);
        q2 = Quad128(block, (half * 4) + 2);
        q3 = Quad128(block, (half * 4) + 3);
    }

    public static byte Code(byte* block, int output, int element)
    {
        int quad = element / 4;
        int place = (output * 4) + (element % 4);
        int low = block[(quad / LowQuads * 64) + place] >> (quad % LowQuads * TLow.Bits) & LowMask;
        return (byte)(THigh.Bits == 0
            ? low
            : low | ((block[HighOffset + (quad / HighQuads * 64) + place] >> (quad % HighQuads * THigh.Bits) & HighMask) << TLow.Bits));
    }

    private static int LowQuads => 8 / TLow.Bits;

    private static int HighQuads => 8 / Math.Max(1, THigh.Bits);

    private static byte LowMask => (byte)((1 << TLow.Bits) - 1);

    private static byte HighMask => (byte)((1 << THigh.Bits) - 1);

    /// <summary>Bits move within 16-bit lanes: what crosses from byte to byte is masked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Quad512(byte* block, int quad)
    {
        Vector512<ushort> low = Vector512.Load(block + (quad / LowQuads * 64)).AsUInt16() >>> (quad % LowQuads * TLow.Bits);
        Vector512<byte> codes = low.AsByte() & Vector512.Create(LowMask);
        if (THigh.Bits == 0)
        {
            return codes;
        }

        Vector512<ushort> high = Vector512.Load(block + HighOffset + (quad / HighQuads * 64)).AsUInt16();
        int shift = (quad % HighQuads * THigh.Bits) - TLow.Bits;
        high = shift > 0 ? high >>> shift : high << -shift;
        return codes | (high.AsByte() & Vector512.Create((byte)(HighMask << TLow.Bits)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Quad256(byte* block, int quad)
    {
        Vector256<ushort> low = Vector256.Load(block + (quad / LowQuads * 64)).AsUInt16() >>> (quad % LowQuads * TLow.Bits);
        Vector256<byte> codes = low.AsByte() & Vector256.Create(LowMask);
        if (THigh.Bits == 0)
        {
            return codes;
        }

        Vector256<ushort> high = Vector256.Load(block + HighOffset + (quad / HighQuads * 64)).AsUInt16();
        int shift = (quad % HighQuads * THigh.Bits) - TLow.Bits;
        high = shift > 0 ? high >>> shift : high << -shift;
        return codes | (high.AsByte() & Vector256.Create((byte)(HighMask << TLow.Bits)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Quad128(byte* block, int quad)
    {
        Vector128<ushort> low = Vector128.Load(block + (quad / LowQuads * 64)).AsUInt16() >>> (quad % LowQuads * TLow.Bits);
        Vector128<byte> codes = low.AsByte() & Vector128.Create(LowMask);
        if (THigh.Bits == 0)
        {
            return codes;
        }

        Vector128<ushort> high = Vector128.Load(block + HighOffset + (quad / HighQuads * 64)).AsUInt16();
        int shift = (quad % HighQuads * THigh.Bits) - TLow.Bits;
        high = shift > 0 ? high >>> shift : high << -shift;
        return codes | (high.AsByte() & Vector128.Create((byte)(HighMask << TLow.Bits)));
    }
}

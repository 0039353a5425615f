using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>Bits of 16 bytes at a time. They move within 16-bit lanes, which every instruction set has, and what crosses from byte to byte is masked.</summary>
internal static class PackedBits
{
    /// <summary>Some bits of every byte, moved to its lowest places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Take(Vector128<byte> bytes, int firstBit, int bits)
        => (bytes.AsUInt16() >>> firstBit).AsByte() & Vector128.Create((byte)((1 << bits) - 1));

    /// <summary>Moves every byte up; no byte has bits that would leave it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Raise(Vector128<byte> bytes, int by) => (bytes.AsUInt16() << by).AsByte();

    /// <summary>16 bytes of each of four rows, a row to a 128-bit part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512<byte> Load(byte* a, byte* b, byte* c, byte* d) => Vector512.Create(
        Vector256.Create(Vector128.Load(a), Vector128.Load(b)), Vector256.Create(Vector128.Load(c), Vector128.Load(d)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Take(Vector512<byte> bytes, int firstBit, int bits)
        => (bytes.AsUInt16() >>> firstBit).AsByte() & Vector512.Create((byte)((1 << bits) - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Raise(Vector512<byte> bytes, int by) => (bytes.AsUInt16() << by).AsByte();

    /// <summary>16 bits, one to each byte, as a value where they are set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Spread(uint bits, byte value)
    {
        Vector128<byte> each = Vector128.Create(0x8040201008040201ul).AsByte();
        Vector128<byte> twice = Vector128.Create((bits & 0xff) * 0x0101010101010101ul, ((bits >> 8) & 0xff) * 0x0101010101010101ul).AsByte();
        return Vector128.Equals(twice & each, each) & Vector128.Create(value);
    }

    /// <summary>A bit of every byte as a value where it is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Flag(Vector128<byte> bytes, int bit, byte value)
    {
        Vector128<byte> mask = Vector128.Create((byte)(1 << bit));
        return Vector128.Equals(bytes & mask, mask) & Vector128.Create(value);
    }
}

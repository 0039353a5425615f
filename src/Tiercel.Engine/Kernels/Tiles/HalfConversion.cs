using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Float16 to float32 with integer instructions (.NET exposes no F16C). The exponent and mantissa, moved up by 13 bits, are a float32 that is too small by exactly
/// 2^112, subnormals included; infinities and NaN get the exponent that says so.
/// </summary>
internal static unsafe class HalfConversion
{
    private const uint MagnitudeBits = 0x7fff;
    private const uint InfinityMoved = 0x7c00u << 13;
    private const uint FloatExponent = 0x7f800000;
    private const float Rescale = 5.192296858534828e33f; // 2^112

    /// <summary>16 float16 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(ushort* source) => Widened(Avx512F.ConvertToVector512UInt32(Vector256.Load(source)));

    /// <summary>Eight float16 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(ushort* source) => Widened(Widen256(source));

    /// <summary>Four float16 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load128(ushort* source) => Widened(Widen128(source));

    /// <summary>Eight 16-bit numbers, each in the low half of a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Widen256(ushort* source)
    {
        Vector128<ushort> packed = Vector128.Load(source);
        return Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(packed).AsUInt32()
            : Vector256.Create(Vector128.WidenLower(packed), Vector128.WidenUpper(packed));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Widen128(ushort* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16());

    /// <summary>Lanes that hold float16 bits in their low half and zeros above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widened(Vector512<uint> bits)
    {
        Vector512<uint> moved = (bits & Vector512.Create(MagnitudeBits)) << 13;
        Vector512<uint> special = Vector512.GreaterThanOrEqual(moved, Vector512.Create(InfinityMoved)) & Vector512.Create(FloatExponent);
        Vector512<uint> sign = (bits & Vector512.Create(0x8000u)) << 16;
        return ((moved.AsSingle() * Vector512.Create(Rescale)).AsUInt32() | special | sign).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widened(Vector256<uint> bits)
    {
        Vector256<uint> moved = (bits & Vector256.Create(MagnitudeBits)) << 13;

        // All numbers compared are below 2^31, so that the signed comparison, which AVX2 has, is right.
        Vector256<int> special = Vector256.GreaterThan(moved.AsInt32(), Vector256.Create((int)InfinityMoved - 1)) & Vector256.Create((int)FloatExponent);
        Vector256<uint> sign = (bits & Vector256.Create(0x8000u)) << 16;
        return ((moved.AsSingle() * Vector256.Create(Rescale)).AsUInt32() | special.AsUInt32() | sign).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Widened(Vector128<uint> bits)
    {
        Vector128<uint> moved = (bits & Vector128.Create(MagnitudeBits)) << 13;
        Vector128<int> special = Vector128.GreaterThan(moved.AsInt32(), Vector128.Create((int)InfinityMoved - 1)) & Vector128.Create((int)FloatExponent);
        Vector128<uint> sign = (bits & Vector128.Create(0x8000u)) << 16;
        return ((moved.AsSingle() * Vector128.Create(Rescale)).AsUInt32() | special.AsUInt32() | sign).AsSingle();
    }

    /// <summary>
    /// Lanes whose high half is a finite float16. Moving it down by three bits with its sign leaves the sign where a float32 has it, exponent and mantissa where they belong, and copies of
    /// the sign between them, which the mask removes along with the low half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Finite(Vector512<int> high)
        => ((high >> 3) & Vector512.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector512.Create(Rescale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Finite(Vector256<int> high)
        => ((high >> 3) & Vector256.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector256.Create(Rescale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Finite(Vector128<int> high)
        => ((high >> 3) & Vector128.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector128.Create(Rescale);
}

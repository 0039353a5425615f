using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels;

/// <summary>Conversion between float32 and float16 (IEEE binary16), of which .NET exposes no instruction: integer arithmetic on the bits.</summary>
internal static unsafe class HalfRows
{
    private const float Largest = 65504f;

    /// <summary>Rounds to nearest, ties to even; what is too large becomes the largest finite value, NaN stays.</summary>
    public static ushort Round(float value)
    {
        float clamped = value > Largest ? Largest : value < -Largest ? -Largest : value;
        return BitConverter.HalfToUInt16Bits((Half)clamped);
    }

    /// <summary>Expands whole and partial vectors.</summary>
    public static void Expand(ushort* source, float* destination, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i + 16 <= count; i += 16)
            {
                Expand16(source + i).Store(destination + i);
            }
        }

        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + 8 <= count; i += 8)
            {
                Expand8(source + i).Store(destination + i);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        }
    }

    /// <summary>
    /// Each lane: exponent and mantissa move up by 13 bits into their float32 places (x), then the exponent's bias grows by 112. A subnormal half has x below
    /// 2^23: it is made as the difference of two normal floats, x put behind 2^-14's exponent and 2^-14 taken away. Infinity and NaN need 112 more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Expand16(ushort* source)
    {
        Vector512<uint> bits = Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe());
        Vector512<uint> x = (bits & Vector512.Create(0x7fffu)) << 13;
        Vector512<uint> normal = x + Vector512.Create(112u << 23);
        Vector512<uint> small = ((x + Vector512.Create(113u << 23)).AsSingle() - Vector512.Create(113u << 23).AsSingle()).AsUInt32();
        Vector512<uint> value = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(1u << 23)), small, normal);
        value = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(x, Vector512.Create(0x7c00u << 13)), normal + Vector512.Create(112u << 23), value);
        return (value | ((bits & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }

    /// <summary>As <see cref="Expand16"/>, eight lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Expand8(ushort* source)
    {
        Vector256<uint> bits = Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe());
        Vector256<uint> x = (bits & Vector256.Create(0x7fffu)) << 13;
        Vector256<uint> normal = x + Vector256.Create(112u << 23);
        Vector256<uint> small = ((x + Vector256.Create(113u << 23)).AsSingle() - Vector256.Create(113u << 23).AsSingle()).AsUInt32();

        // x is below 2^28, so the signed comparison that AVX2 has is the same.
        Vector256<uint> value = Vector256.ConditionalSelect(Vector256.LessThan(x.AsInt32(), Vector256.Create(1 << 23)).AsUInt32(), small, normal);
        Vector256<uint> special = Vector256.GreaterThan(x.AsInt32(), Vector256.Create((0x7c00 << 13) - 1)).AsUInt32();
        value = Vector256.ConditionalSelect(special, normal + Vector256.Create(112u << 23), value);
        return (value | ((bits & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }
}

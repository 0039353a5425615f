using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels;

/// <summary>Conversion between float32 and float16 (IEEE binary16), of which .NET exposes no instruction: integer arithmetic on the bits.</summary>
internal static unsafe class HalfRows
{
    private const float Largest = 65504f;

    // 2^112: the exponents of float32 and float16 are biased by 127 and 15.
    private const float Scale = 5192296858534827628530496329220096f;

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
    /// Each lane, extended with its sign: sign, exponent and mantissa move up to their float32 places (13 bits; the copies of the sign between are
    /// cut out), which is the value times 2^-112, subnormal halves included. NaN and infinity would come out finite: their exponent is set to all ones.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Expand16(ushort* source)
    {
        Vector512<int> bits = Vector512.WidenLower(Vector256.Load((short*)source).ToVector512Unsafe()) << 13;
        Vector512<float> value = (bits & Vector512.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector512.Create(Scale);
        Vector512<int> exponent = bits & Vector512.Create(0x7c00 << 13);
        Vector512<int> special = Vector512.Equals(exponent, Vector512.Create(0x7c00 << 13)) & Vector512.Create(0x7f800000);
        return (value.AsInt32() | special).AsSingle();
    }

    /// <summary>As <see cref="Expand16"/>, eight lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Expand8(ushort* source)
    {
        Vector256<int> bits = Vector256.WidenLower(Vector128.Load((short*)source).ToVector256Unsafe()) << 13;
        Vector256<float> value = (bits & Vector256.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector256.Create(Scale);
        Vector256<int> exponent = bits & Vector256.Create(0x7c00 << 13);
        Vector256<int> special = Vector256.Equals(exponent, Vector256.Create(0x7c00 << 13)) & Vector256.Create(0x7f800000);
        return (value.AsInt32() | special).AsSingle();
    }
}

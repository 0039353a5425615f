using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels;

/// <summary>Expands signed bytes to float32.</summary>
internal static unsafe class ByteRows
{
    /// <summary>destination[i] = source[i] * scale.</summary>
    public static void Expand(sbyte* source, float scale, float* destination, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i + 16 <= count; i += 16)
            {
                (Widen16(source + i) * scale).Store(destination + i);
            }
        }

        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + 8 <= count; i += 8)
            {
                (Widen8(source + i) * scale).Store(destination + i);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = source[i] * scale;
        }
    }

    /// <summary>destination[i] = source[i] * scales[i].</summary>
    public static void ExpandScaled(sbyte* source, float* scales, float* destination, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i + 16 <= count; i += 16)
            {
                (Widen16(source + i) * Vector512.Load(scales + i)).Store(destination + i);
            }
        }

        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + 8 <= count; i += 8)
            {
                (Widen8(source + i) * Vector256.Load(scales + i)).Store(destination + i);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = source[i] * scales[i];
        }
    }

    /// <summary>16 bytes to 16 lanes, by way of 16-bit and 32-bit integers.</summary>
    private static Vector512<float> Widen16(sbyte* source)
    {
        Vector256<short> shorts = Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe());
        return Vector512.ConvertToSingle(Vector512.WidenLower(shorts.ToVector512Unsafe()));
    }

    private static Vector256<float> Widen8(sbyte* source)
    {
        Vector128<short> shorts = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsSByte());
        return Vector256.ConvertToSingle(Vector256.WidenLower(shorts.ToVector256Unsafe()));
    }
}

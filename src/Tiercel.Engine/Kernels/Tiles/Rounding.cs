using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Rounds 32 floats to 8 bits: the scale is the largest magnitude / 127, values are rounded to the nearest, ties to even. All paths give the same bits.
/// </summary>
internal static unsafe class Rounding
{
    private const uint Magnitude = 0x7fffffff;
    private const float Levels = 127f;

    /// <summary>Bits of 2^-100: a block with nothing larger counts as zero, far above where 127 / largest would overflow.</summary>
    private const int SmallestBits = (127 - 100) << 23;

    private const int InfinityBits = 0x7f800000;

    /// <summary>Rounds <paramref name="count"/> floats, at most 32; those missing count as zero.</summary>
    public static void Round(float* source, int count, ActivationRecord* record)
    {
        if (count < ActivationRecord.Elements)
        {
            float* padded = stackalloc float[ActivationRecord.Elements];
            for (int i = 0; i < ActivationRecord.Elements; i++)
            {
                padded[i] = i < count ? source[i] : 0f;
            }

            source = padded;
        }

        // The bits of magnitudes order like integers: zero, finite, infinite, NaN.
        int largest = LargestBits(source);
        if (largest is >= SmallestBits and < InfinityBits)
        {
            float amax = BitConverter.Int32BitsToSingle(largest);
            record->Scale = amax / Levels;
            RoundValues(source, Levels / amax, record);
        }
        else
        {
            // A block that holds infinity or NaN makes every output it meets NaN, through the scale.
            *record = default;
            record->Scale = largest < InfinityBits ? 0f : float.NaN;
            SetSums(record, 0, 0);
        }
    }

    private static void SetSums(ActivationRecord* record, int first, int last)
    {
        record->Centre = -128 * (first + last);
        record->Centre0 = -128 * first;
        record->Centre1 = -128 * last;
        record->ScaledSum = record->Scale * (first + last);
        record->ScaledSum0 = record->Scale * first;
        record->ScaledSum1 = record->Scale * last;
    }

    /// <summary>The values of each quad as 16-bit numbers in the order 0, 2, 1, 3.</summary>
    public static void Widen(ActivationRecord* record, short* wide)
    {
        for (int i = 0; i < ActivationRecord.Elements; i += 4)
        {
            wide[i] = record->Values[i];
            wide[i + 1] = record->Values[i + 2];
            wide[i + 2] = record->Values[i + 1];
            wide[i + 3] = record->Values[i + 3];
        }
    }

    private static int LargestBits(float* source)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<int> mask = Vector256.Create((int)Magnitude);
            int* bits = (int*)source;
            Vector256<int> largest = Vector256.Max(
                Vector256.Max(Vector256.Load(bits) & mask, Vector256.Load(bits + 8) & mask),
                Vector256.Max(Vector256.Load(bits + 16) & mask, Vector256.Load(bits + 24) & mask));
            Vector128<int> four = Vector128.Max(largest.GetLower(), largest.GetUpper());
            Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
            return Math.Max(two[0], two[1]);
        }

        int result = 0;
        for (int i = 0; i < ActivationRecord.Elements; i++)
        {
            result = Math.Max(result, (int)(BitConverter.SingleToUInt32Bits(source[i]) & Magnitude));
        }

        return result;
    }

    private static void RoundValues(float* source, float inverse, ActivationRecord* record)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<int> v0 = Nearest(source, inverse), v1 = Nearest(source + 8, inverse);
            Vector256<int> v2 = Nearest(source + 16, inverse), v3 = Nearest(source + 24, inverse);
            SetSums(record, Vector256.Sum(v0 + v1), Vector256.Sum(v2 + v3));
            Vector256.Narrow(Vector256.Narrow(v0, v1), Vector256.Narrow(v2, v3)).Store(record->Values);
            return;
        }

        int first = 0;
        int last = 0;
        for (int i = 0; i < ActivationRecord.Elements; i++)
        {
            int value = (int)MathF.Round(source[i] * inverse);
            record->Values[i] = (sbyte)value;
            first += i < 16 ? value : 0;
            last += i < 16 ? 0 : value;
        }

        SetSums(record, first, last);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Nearest(float* source, float inverse)
        => Vector256.ConvertToInt32(Vector256.Round(Vector256.Load(source) * inverse));
}

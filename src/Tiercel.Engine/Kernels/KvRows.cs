using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Kernels;

/// <summary>Writes single tokens into a head of the cache and expands a head's block to float32; layouts are those of <see cref="KvLayout"/>.</summary>
internal static unsafe class KvRows
{
    private const int Tokens = KvStorage.BlockSize;

    /// <summary>Stores one key, [length], at its column.</summary>
    public static void WriteKey(KvType type, byte* head, int slot, ReadOnlySpan<float> key)
    {
        switch (type)
        {
            case KvType.F32:
                for (int i = 0; i < key.Length; i++)
                {
                    ((float*)head)[(i * Tokens) + slot] = key[i];
                }

                break;
            case KvType.F16:
                for (int i = 0; i < key.Length; i++)
                {
                    ((ushort*)head)[(i * Tokens) + slot] = HalfRows.Round(key[i]);
                }

                break;
            default:
                int groups = KvLayout.ScaleGroups(key.Length);
                sbyte* data = (sbyte*)(head + (groups * Tokens * sizeof(ushort)));
                for (int group = 0; group < groups; group++)
                {
                    int first = group * KvLayout.ScaleGroup;
                    ReadOnlySpan<float> values = key[first..Math.Min(key.Length, first + KvLayout.ScaleGroup)];
                    ((ushort*)head)[(group * Tokens) + slot] = Quantise(values, data + (first * Tokens) + slot, Tokens);
                }

                break;
        }
    }

    /// <summary>Stores one value, [length], as a row.</summary>
    public static void WriteValue(KvType type, byte* head, int slot, ReadOnlySpan<float> value)
    {
        switch (type)
        {
            case KvType.F32:
                value.CopyTo(new Span<float>((float*)head + (slot * value.Length), value.Length));
                break;
            case KvType.F16:
                for (int i = 0; i < value.Length; i++)
                {
                    ((ushort*)head)[(slot * value.Length) + i] = HalfRows.Round(value[i]);
                }

                break;
            default:
                int groups = KvLayout.ScaleGroups(value.Length);
                sbyte* data = (sbyte*)(head + (groups * Tokens * sizeof(ushort))) + (slot * value.Length);
                for (int group = 0; group < groups; group++)
                {
                    int first = group * KvLayout.ScaleGroup;
                    ReadOnlySpan<float> values = value[first..Math.Min(value.Length, first + KvLayout.ScaleGroup)];
                    ((ushort*)head)[(slot * groups) + group] = Quantise(values, data + first, 1);
                }

                break;
        }
    }

    /// <summary>Expands the keys of a block, tokens side by side.</summary>
    /// <param name="destination">[length][32 tokens].</param>
    public static void ExpandKeys(KvType type, byte* head, int length, float* destination)
    {
        switch (type)
        {
            case KvType.F32:
                Buffer.MemoryCopy(head, destination, (long)length * Tokens * sizeof(float), (long)length * Tokens * sizeof(float));
                break;
            case KvType.F16:
                HalfRows.Expand((ushort*)head, destination, length * Tokens);
                break;
            default:
                float* scales = stackalloc float[Tokens];
                int groups = KvLayout.ScaleGroups(length);
                sbyte* data = (sbyte*)(head + (groups * Tokens * sizeof(ushort)));
                for (int i = 0; i < length; i++)
                {
                    if (i % KvLayout.ScaleGroup == 0)
                    {
                        HalfRows.Expand((ushort*)head + (i / KvLayout.ScaleGroup * Tokens), scales, Tokens);
                    }

                    ByteRows.ExpandScaled(data + (i * Tokens), scales, destination + (i * Tokens), Tokens);
                }

                break;
        }
    }

    /// <summary>Expands some values of a block.</summary>
    /// <param name="first">First token.</param>
    /// <param name="count">Tokens from there; the others are left.</param>
    /// <param name="destination">[32 tokens] rows.</param>
    /// <param name="stride">Floats from row to row of the destination.</param>
    public static void ExpandValues(KvType type, byte* head, int length, int first, int count, float* destination, int stride)
    {
        int groups = KvLayout.ScaleGroups(length);
        for (int token = first; token < first + count; token++)
        {
            float* row = destination + (token * stride);
            switch (type)
            {
                case KvType.F32:
                    Buffer.MemoryCopy((float*)head + (token * length), row, length * sizeof(float), length * sizeof(float));
                    break;
                case KvType.F16:
                    HalfRows.Expand((ushort*)head + (token * length), row, length);
                    break;
                default:
                    sbyte* data = (sbyte*)(head + (groups * Tokens * sizeof(ushort))) + (token * length);
                    for (int group = 0; group < groups; group++)
                    {
                        int from = group * KvLayout.ScaleGroup;
                        float scale = (float)BitConverter.UInt16BitsToHalf(((ushort*)head)[(token * groups) + group]);
                        ByteRows.Expand(data + from, scale, row + from, Math.Min(KvLayout.ScaleGroup, length - from));
                    }

                    break;
            }
        }
    }

    /// <summary>Rounds up to 32 floats to 8 bits: scale = largest magnitude / 127, halves away from zero. Returns the float16 scale.</summary>
    private static ushort Quantise(ReadOnlySpan<float> values, sbyte* destination, int stride)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        // The scale is rounded first, so that the bytes are the best for the scale that will be used.
        ushort bits = HalfRows.Round(largest / 127);
        float scale = (float)BitConverter.UInt16BitsToHalf(bits);
        float inverse = scale > 0 ? 1 / scale : 0;
        for (int i = 0; i < values.Length; i++)
        {
            float rounded = MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
            destination[i * stride] = (sbyte)Math.Clamp(rounded, -127f, 127f);
        }

        return bits;
    }
}

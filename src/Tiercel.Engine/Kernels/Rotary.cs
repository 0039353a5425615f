namespace Tiercel.Engine.Kernels;

/// <summary>Rotates pairs of floats of a head by angles given as cosines and sines.</summary>
internal static class Rotary
{
    /// <summary>Pairs (2i, 2i + 1).</summary>
    /// <param name="head">At least 2 * pairs floats; those behind the pairs are left.</param>
    /// <param name="cosines">[pairs].</param>
    /// <param name="sines">[pairs].</param>
    public static void Adjacent(Span<float> head, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines)
    {
        Span<float> pairs = head[..(2 * cosines.Length)];
        ReadOnlySpan<float> s = sines[..cosines.Length];
        for (int i = 0; i < cosines.Length; i++)
        {
            float x = pairs[2 * i];
            float y = pairs[(2 * i) + 1];
            pairs[2 * i] = (x * cosines[i]) - (y * s[i]);
            pairs[(2 * i) + 1] = (x * s[i]) + (y * cosines[i]);
        }
    }

    /// <summary>Pairs (i, i + pairs).</summary>
    public static void Halves(Span<float> head, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines)
    {
        Span<float> low = head[..cosines.Length];
        Span<float> high = head.Slice(cosines.Length, cosines.Length);
        ReadOnlySpan<float> s = sines[..cosines.Length];
        for (int i = 0; i < cosines.Length; i++)
        {
            float x = low[i];
            float y = high[i];
            low[i] = (x * cosines[i]) - (y * s[i]);
            high[i] = (x * s[i]) + (y * cosines[i]);
        }
    }
}

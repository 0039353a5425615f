namespace Tiercel.Engine.Kernels;

/// <summary>
/// What attention over some tokens leaves for each query vector: the largest score, the sum of the exponentials relative to it, and the sum of the values
/// weighted by them. Two of these over different tokens merge into one over both.
/// </summary>
internal readonly unsafe struct AttentionSums
{
    private readonly int _stride;

    /// <param name="address">Room for <see cref="FloatCount"/> floats.</param>
    /// <param name="vectors">Query vectors.</param>
    /// <param name="stride">Floats from vector to vector of the value sums.</param>
    public AttentionSums(float* address, int vectors, int stride)
    {
        _stride = stride;
        Values = address;
        Maxima = Values + ((long)vectors * stride);
        Totals = Maxima + vectors;
    }

    public float* Values { get; }

    public float* Maxima { get; }

    public float* Totals { get; }

    public static int FloatCount(int vectors, int stride) => vectors * (stride + 2);

    /// <summary>Takes in a vector of another part, later in the sequence; a part in which it saw nothing has a total of 0.</summary>
    public void Merge(AttentionSums part, int vector, int length)
    {
        ReadOnlySpan<float> source = new(part.Values + ((long)vector * _stride), length);
        Span<float> destination = new(Values + ((long)vector * _stride), length);
        if (part.Totals[vector] == 0)
        {
            return;
        }

        if (Totals[vector] == 0)
        {
            source.CopyTo(destination);
            Maxima[vector] = part.Maxima[vector];
            Totals[vector] = part.Totals[vector];
            return;
        }

        float maximum = MathF.Max(Maxima[vector], part.Maxima[vector]);
        float mine = MathF.Exp(Maxima[vector] - maximum);
        float theirs = MathF.Exp(part.Maxima[vector] - maximum);
        RowArithmetic.Scale(destination, mine);
        RowArithmetic.AddScaled(source, theirs, destination);
        Maxima[vector] = maximum;
        Totals[vector] = (Totals[vector] * mine) + (part.Totals[vector] * theirs);
    }
}

namespace Tiercel.Engine.Kernels;

/// <summary>Chooses the experts of a row and their weights.</summary>
internal static class TopExperts
{
    /// <summary>The largest values, largest first; of equal ones the lower index.</summary>
    public static void Select(ReadOnlySpan<float> values, Span<int> chosen)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chosen.Length, values.Length);
        for (int rank = 0; rank < chosen.Length; rank++)
        {
            int best = -1;
            for (int i = 0; i < values.Length; i++)
            {
                if ((best < 0 || values[i] > values[best]) && !chosen[..rank].Contains(i))
                {
                    best = i;
                }
            }

            chosen[rank] = best;
        }
    }

    /// <summary>Softmax in place, in double.</summary>
    public static void Softmax(Span<float> values)
    {
        float maximum = float.NegativeInfinity;
        foreach (float value in values)
        {
            maximum = MathF.Max(maximum, value);
        }

        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double e = Math.Exp(values[i] - maximum);
            values[i] = (float)e;
            sum += e;
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(values[i] / sum);
        }
    }
}

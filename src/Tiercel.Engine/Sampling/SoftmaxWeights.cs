using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// Unnormalised probabilities exp((logit - max) * scale), and their sums in double precision. The same on every machine: only additions and
/// multiplications of single lanes (no fused ones), sums always over the same 8 lanes, whatever width the machine's vectors have.
/// </summary>
internal static class SoftmaxWeights
{
    /// <summary>Tokens summed on their own, so that a draw looks into one block only.</summary>
    public const int BlockSize = 1024;

    private const int Lanes = 8;

    /// <summary>Below this exponent a weight is zero; 2^-126 is the smallest normal number.</summary>
    private const float LowestExponent = -87f;

    /// <summary>Weights of a row.</summary>
    public static void Compute(ReadOnlySpan<float> logits, float max, float scale, Span<float> weights)
    {
        int whole = logits.Length / Lanes * Lanes;
        ReadOnlySpan<Vector256<float>> source = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        Span<Vector256<float>> target = MemoryMarshal.Cast<float, Vector256<float>>(weights[..whole]);
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = Weight(source[i], max, scale);
        }

        if (whole < logits.Length)
        {
            Vector256<float> rest = Weight(LoadRest(logits[whole..]), max, scale);
            for (int i = whole; i < logits.Length; i++)
            {
                weights[i] = rest[i - whole];
            }
        }
    }

    /// <summary>Sum of all weights.</summary>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="max">The largest logit.</param>
    /// <param name="scale">1 / temperature.</param>
    /// <param name="blockSums">[ceil(vocabulary / BlockSize)] receives the sum of each block; may be empty when not wanted.</param>
    public static double Sum(ReadOnlySpan<float> logits, float max, float scale, Span<double> blockSums)
    {
        double total = 0;
        for (int block = 0; block * BlockSize < logits.Length; block++)
        {
            int start = block * BlockSize;
            double sum = SumBlock(logits.Slice(start, Math.Min(BlockSize, logits.Length - start)), max, scale);
            total += sum;
            if (!blockSums.IsEmpty)
            {
                blockSums[block] = sum;
            }
        }

        return total;
    }

    /// <summary>How many block sums a row has.</summary>
    public static int BlockCount(int vocabularySize) => (vocabularySize + BlockSize - 1) / BlockSize;

    private static double SumBlock(ReadOnlySpan<float> logits, float max, float scale)
    {
        Vector256<double> low = Vector256<double>.Zero;
        Vector256<double> high = Vector256<double>.Zero;
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        foreach (Vector256<float> v in vectors)
        {
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Weight(v, max, scale));
            low += lower;
            high += upper;
        }

        if (vectors.Length * Lanes < logits.Length)
        {
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Weight(LoadRest(logits[(vectors.Length * Lanes)..]), max, scale));
            low += lower;
            high += upper;
        }

        Vector256<double> sum = low + high;
        return sum[0] + sum[1] + (sum[2] + sum[3]);
    }

    private static Vector256<float> LoadRest(ReadOnlySpan<float> rest)
    {
        Span<float> padded = stackalloc float[Lanes];
        padded.Fill(float.NegativeInfinity);
        rest.CopyTo(padded);
        return Vector256.Create<float>(padded);
    }

    /// <summary>
    /// e^x of 8 lanes, x at most 0, relative error 2e-7: x = n ln 2 + r with |r| at most ln 2 / 2, then the minimax polynomial of the Cephes
    /// library for e^r, then n is added to the exponent bits.
    /// </summary>
    private static Vector256<float> Weight(Vector256<float> logits, float max, float scale)
    {
        Vector256<float> x = (logits - Vector256.Create(max)) * Vector256.Create(scale);
        Vector256<float> possible = Vector256.GreaterThanOrEqual(x, Vector256.Create(LowestExponent));
        x = Vector256.ConditionalSelect(possible, x, Vector256<float>.Zero);
        Vector256<float> n = Vector256.Round(x * Vector256.Create(1.44269504f));

        // ln 2 in two parts, the first with so few bits that n times it is exact.
        Vector256<float> r = x - (n * Vector256.Create(0.693359375f)) - (n * Vector256.Create(-2.12194440e-4f));
        Vector256<float> p = Vector256.Create(1.9875691500e-4f);
        p = (p * r) + Vector256.Create(1.3981999507e-3f);
        p = (p * r) + Vector256.Create(8.3334519073e-3f);
        p = (p * r) + Vector256.Create(4.1665795894e-2f);
        p = (p * r) + Vector256.Create(1.6666665459e-1f);
        p = (p * r) + Vector256.Create(5.0000001201e-1f);
        p = (p * r * r) + r + Vector256<float>.One;
        Vector256<int> power = (Vector256.ConvertToInt32(n) + Vector256.Create(127)) << 23;
        return (p * power.AsSingle()) & possible;
    }
}

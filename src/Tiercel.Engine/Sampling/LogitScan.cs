using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// Passes over a row of logits, 8 lanes at a time. All are exact (comparisons only), so the width of the machine's vectors cannot change a result.
/// </summary>
internal static class LogitScan
{
    /// <summary>The largest logit.</summary>
    /// <exception cref="InvalidLogitsException">A logit is not a number or positive infinity, or all are negative infinity.</exception>
    public static float FindMax(ReadOnlySpan<float> logits)
    {
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        Vector256<float> best = Vector256.Create(float.NegativeInfinity);
        Vector256<float> ordered = Vector256<float>.AllBitsSet;
        foreach (Vector256<float> v in vectors)
        {
            best = Vector256.ConditionalSelect(Vector256.GreaterThan(best, v), best, v);
            ordered &= Vector256.Equals(v, v);
        }

        // A number that is not equal to itself is a NaN; one such lane clears the mask for good.
        bool valid = Vector256.EqualsAll(ordered.AsInt32(), Vector256<int>.AllBitsSet);
        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Vector256<float>.Count; lane++)
        {
            max = Math.Max(max, best[lane]);
        }

        foreach (float v in logits[(vectors.Length * Vector256<float>.Count)..])
        {
            valid &= !float.IsNaN(v);
            max = Math.Max(max, v);
        }

        if (!valid || float.IsPositiveInfinity(max))
        {
            throw new InvalidLogitsException("the model gave a logit that is not a finite number");
        }

        return float.IsNegativeInfinity(max) ? throw new InvalidLogitsException("no token is possible") : max;
    }

    /// <summary>The lowest index with this value, which must be present.</summary>
    public static int IndexOf(ReadOnlySpan<float> logits, float value)
    {
        Vector256<float> wanted = Vector256.Create(value);
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        for (int i = 0; i < vectors.Length; i++)
        {
            uint equal = Vector256.Equals(vectors[i], wanted).ExtractMostSignificantBits();
            if (equal != 0)
            {
                return (i * Vector256<float>.Count) + BitOperations.TrailingZeroCount(equal);
            }
        }

        for (int i = vectors.Length * Vector256<float>.Count; i < logits.Length; i++)
        {
            if (logits[i] == value)
            {
                return i;
            }
        }

        throw new ArgumentException("the value is not among the logits", nameof(value));
    }

    /// <summary>
    /// Fills a heap with the likeliest tokens. Vectors in which no lane beats the worst token kept so far are skipped whole: an equal
    /// logit further on has a higher id and loses.
    /// </summary>
    public static void KeepLargest(ReadOnlySpan<float> logits, ref TokenHeap heap)
    {
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        for (int i = 0; i < vectors.Length; i++)
        {
            if (heap.IsFull && !Vector256.GreaterThanAny(vectors[i], Vector256.Create(heap.WorstLogit)))
            {
                continue;
            }

            for (int lane = 0; lane < Vector256<float>.Count; lane++)
            {
                heap.Offer(vectors[i][lane], (i * Vector256<float>.Count) + lane);
            }
        }

        for (int i = vectors.Length * Vector256<float>.Count; i < logits.Length; i++)
        {
            heap.Offer(logits[i], i);
        }
    }

    /// <summary>
    /// Collects, in order of id, the tokens whose logit is above the threshold, or equal to it with an id not above <paramref name="lastTie"/>.
    /// Impossible tokens are never collected.
    /// </summary>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="threshold">In logits.</param>
    /// <param name="lastTie">The highest id kept among equals of the threshold.</param>
    /// <param name="ids">[vocabulary], receives the ids.</param>
    /// <param name="values">[vocabulary], receives their logits.</param>
    /// <returns>How many were collected.</returns>
    public static int Collect(ReadOnlySpan<float> logits, float threshold, int lastTie, Span<int> ids, Span<float> values)
    {
        threshold = Math.Max(threshold, float.MinValue);
        int count = 0;
        Vector256<float> limit = Vector256.Create(threshold);
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        for (int i = 0; i < vectors.Length; i++)
        {
            uint kept = Vector256.GreaterThanOrEqual(vectors[i], limit).ExtractMostSignificantBits();
            for (; kept != 0; kept &= kept - 1)
            {
                Take(logits, (i * Vector256<float>.Count) + BitOperations.TrailingZeroCount(kept), threshold, lastTie, ids, values, ref count);
            }
        }

        for (int i = vectors.Length * Vector256<float>.Count; i < logits.Length; i++)
        {
            Take(logits, i, threshold, lastTie, ids, values, ref count);
        }

        return count;
    }

    private static void Take(
        ReadOnlySpan<float> logits, int id, float threshold, int lastTie, Span<int> ids, Span<float> values, ref int count)
    {
        float value = logits[id];
        if (value > threshold || (value == threshold && id <= lastTie))
        {
            ids[count] = id;
            values[count++] = value;
        }
    }
}

using System.Buffers;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// Draws one token from adjusted logits: truncation, then the token at quantile u of what is left, in order of id. No pass sorts the vocabulary.
/// </summary>
internal static class TokenDraw
{
    /// <summary>
    /// The orders: OpenAI = temperature, min-p, top-k, typical, top-p; llama.cpp = top-k, typical, top-p, min-p, temperature. Each truncation
    /// works on the renormalised rest of the one before.
    /// </summary>
    public static int Draw(ReadOnlySpan<float> logits, float max, SamplingOptions options, double uniform)
    {
        float drawScale = 1f / options.Temperature;
        bool scaledFirst = options.Order == SamplingOrder.OpenAI;
        float scale = scaledFirst ? drawScale : 1f;
        bool topK = options.TopK > 0 && options.TopK < logits.Length;
        bool minP = options.MinP > 0;
        bool typical = options.TypicalP < 1;
        bool topP = options.TopP < 1;
        if (!(topK || minP || typical || topP))
        {
            return DrawFromAll(logits, max, drawScale, uniform);
        }

        // min-p before everything else, or alone, is a threshold on the logits; so is top-k.
        bool minPFirst = minP && (scaledFirst || !(topK || typical || topP));
        (float threshold, int lastTie) = topK ? TopKThreshold(logits, options.TopK) : (float.NegativeInfinity, int.MaxValue);
        float minPThreshold = minPFirst ? LogitAt(options.MinP, max, scale) : float.NegativeInfinity;
        if (minPThreshold > threshold)
        {
            (threshold, lastTie) = (minPThreshold, int.MaxValue);
        }

        double? total = null;
        if (topP && !topK && !typical && !minPFirst)
        {
            // Tokens below share * total / vocabulary sum to less than the share that top-p leaves out, so the nucleus is complete without them.
            // Half of it is a margin for rounding.
            total = SoftmaxWeights.Sum(logits, max, scale, []);
            threshold = LogitAt(0.5 * (1 - options.TopP) * total.Value / logits.Length, max, scale);
        }

        using CandidateSet set = CandidateSet.Collect(logits, threshold, lastTie);
        return DrawFromSet(set, max, scale, drawScale, minP && !minPFirst, total, options, uniform);
    }

    private static int DrawFromSet(
        CandidateSet set, float max, float scale, float drawScale, bool minPLast, double? total, SamplingOptions options, double uniform)
    {
        set.Weigh(max, scale);
        if (options.TypicalP < 1)
        {
            set.KeepTypical(options.TypicalP, max, scale);
        }

        if (options.TopP < 1)
        {
            set.KeepNucleus(options.TopP * (total ?? set.Total()));
        }

        if (minPLast)
        {
            set.KeepMinP(options.MinP);
        }

        if (scale != drawScale)
        {
            set.Weigh(set.MaxLogit(), drawScale);
        }

        return set.Draw(uniform);
    }

    private static int DrawFromAll(ReadOnlySpan<float> logits, float max, float scale, double uniform)
    {
        int blocks = SoftmaxWeights.BlockCount(logits.Length);
        double[] sums = ArrayPool<double>.Shared.Rent(blocks);
        double target = uniform * SoftmaxWeights.Sum(logits, max, scale, sums);
        int block = 0;
        int last = 0;
        for (; block < blocks && sums[block] <= target; block++)
        {
            target -= sums[block];
            last = sums[block] > 0 ? block : last;
        }

        // Rounding may leave the target past the last block: then the last block with any weight is the one, and its last token.
        block = block < blocks ? block : last;
        ArrayPool<double>.Shared.Return(sums);
        int start = block * SoftmaxWeights.BlockSize;
        ReadOnlySpan<float> part = logits.Slice(start, Math.Min(SoftmaxWeights.BlockSize, logits.Length - start));
        Span<float> weights = stackalloc float[SoftmaxWeights.BlockSize];
        SoftmaxWeights.Compute(part, max, scale, weights);
        return start + CandidateSet.IndexAt(weights[..part.Length], target);
    }

    private static (float Threshold, int LastTie) TopKThreshold(ReadOnlySpan<float> logits, int k)
    {
        TokenLogprob[] entries = ArrayPool<TokenLogprob>.Shared.Rent(k);
        var heap = new TokenHeap(entries.AsSpan(0, k));
        LogitScan.KeepLargest(logits, ref heap);
        (float, int) worst = (heap.WorstLogit, heap.WorstToken);
        ArrayPool<TokenLogprob>.Shared.Return(entries);
        return worst;
    }

    /// <summary>The logit at which the weight has this value.</summary>
    private static float LogitAt(double weight, float max, float scale) => (float)(max + (Math.Log(weight) / scale));
}

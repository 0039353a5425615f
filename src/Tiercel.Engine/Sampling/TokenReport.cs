namespace Tiercel.Engine.Sampling;

/// <summary>
/// Log probabilities of the model itself: the log softmax of the logits as they came from it, before any bias, penalty, temperature or truncation,
/// as the OpenAI API and vLLM report them.
/// </summary>
public static class TokenReport
{
    /// <summary>Most alternatives that can be asked for.</summary>
    public const int MaxAlternatives = 20;

    /// <summary>The log probability of a token, and the likeliest tokens at its place, likeliest first and lower ids first among equals.</summary>
    /// <param name="logits">[vocabulary], unmodified.</param>
    /// <param name="token">The token that was chosen, or that stands in the prompt.</param>
    /// <param name="alternatives">How many, 0 to <see cref="MaxAlternatives"/>.</param>
    /// <exception cref="InvalidLogitsException">The logits are no distribution.</exception>
    public static GeneratedToken Describe(ReadOnlySpan<float> logits, int token, int alternatives)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(alternatives);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(alternatives, MaxAlternatives);
        float max = LogitScan.FindMax(logits);
        double logTotal = Math.Log(SoftmaxWeights.Sum(logits, max, 1f, []));
        float chosen = Logprob(logits[token], max, logTotal);
        if (alternatives == 0)
        {
            return new GeneratedToken(token, chosen, []);
        }

        var heap = new TokenHeap(stackalloc TokenLogprob[Math.Min(alternatives, logits.Length)]);
        LogitScan.KeepLargest(logits, ref heap);
        TokenLogprob[] likeliest = heap.SortBestFirst().ToArray();
        for (int i = 0; i < likeliest.Length; i++)
        {
            likeliest[i] = likeliest[i] with { Logprob = Logprob(likeliest[i].Logprob, max, logTotal) };
        }

        return new GeneratedToken(token, chosen, likeliest);
    }

    private static float Logprob(float logit, float max, double logTotal) => (float)((double)logit - max - logTotal);
}

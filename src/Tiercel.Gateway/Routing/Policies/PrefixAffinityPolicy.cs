namespace Tiercel.Gateway.Routing;

/// <summary>
/// Sticky until saturated (llm-d): replicas that hold most of the prompt, unless the least queue among them is longer by the limit than the least among
/// the others; then the least work.
/// </summary>
internal sealed class PrefixAffinityPolicy : IRoutingPolicy
{
    /// <summary>Share of the prompt that makes a replica sticky.</summary>
    private const double StickyShare = 0.8;

    /// <summary>Seconds of queue by which stickiness may cost.</summary>
    private const double SaturatedSeconds = 18;

    public string Name => "prefix_affinity";

    public RoutePlan Choose(ReadOnlySpan<RouteCandidate> candidates)
    {
        double sticky = double.PositiveInfinity, other = double.PositiveInfinity;
        foreach (RouteCandidate candidate in candidates)
        {
            ref double least = ref IsSticky(candidate) ? ref sticky : ref other;
            least = Math.Min(least, candidate.QueueSeconds);
        }

        bool stick = !double.IsInfinity(sticky) && sticky - other <= SaturatedSeconds;
        int best = -1;
        for (int i = 0; i < candidates.Length; i++)
        {
            if ((!stick || IsSticky(candidates[i])) && (best < 0 || Work(candidates[i]) < Work(candidates[best])))
            {
                best = i;
            }
        }

        return new RoutePlan(best, stick ? "holds the prompt" : "least work");
    }

    private static bool IsSticky(in RouteCandidate candidate) => candidate.CachedTokens >= StickyShare * candidate.PromptTokens;

    private static double Work(in RouteCandidate candidate) => candidate.TtftSeconds / candidate.Weight;
}

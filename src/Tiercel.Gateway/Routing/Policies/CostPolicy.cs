namespace Tiercel.Gateway.Routing;

/// <summary>The least cost in seconds, all told.</summary>
internal sealed class CostPolicy : IRoutingPolicy
{
    public string Name => "cost";

    public RoutePlan Choose(ReadOnlySpan<RouteCandidate> candidates)
    {
        int best = 0;
        for (int i = 1; i < candidates.Length; i++)
        {
            best = candidates[i].TotalSeconds < candidates[best].TotalSeconds ? i : best;
        }

        return new RoutePlan(best, "least cost");
    }
}

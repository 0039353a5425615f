namespace Tiercel.Gateway.Routing;

/// <summary>Each in turn, by the order of replica numbers, whatever has happened.</summary>
internal sealed class RoundRobinPolicy : IRoutingPolicy
{
    private int _last = -1;

    public string Name => "round_robin";

    public RoutePlan Choose(ReadOnlySpan<RouteCandidate> candidates)
    {
        // The next number after the last one used; where there is none, the lowest.
        int next = -1, lowest = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            int replica = candidates[i].Replica;
            lowest = replica < candidates[lowest].Replica ? i : lowest;
            if (replica > _last && (next < 0 || replica < candidates[next].Replica))
            {
                next = i;
            }
        }

        next = next < 0 ? lowest : next;
        _last = candidates[next].Replica;
        return new RoutePlan(next, "its turn");
    }
}

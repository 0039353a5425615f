namespace Tiercel.Gateway.Routing;

/// <summary>The fewest requests under way for its weight; among equals the one that was chosen longest ago.</summary>
internal sealed class LeastRequestPolicy : IRoutingPolicy
{
    private readonly Dictionary<int, long> _chosen = [];
    private long _choices;

    public string Name => "least_request";

    public RoutePlan Choose(ReadOnlySpan<RouteCandidate> candidates)
    {
        int best = 0;
        for (int i = 1; i < candidates.Length; i++)
        {
            double difference = Load(candidates[i]) - Load(candidates[best]);
            bool longerAgo = _chosen.GetValueOrDefault(candidates[i].Replica) < _chosen.GetValueOrDefault(candidates[best].Replica);
            best = difference < 0 || (difference == 0 && longerAgo) ? i : best;
        }

        // Replicas that are gone are forgotten when the table has grown to twice what is needed.
        if (_chosen.Count > 2 * candidates.Length + 64)
        {
            _chosen.Clear();
        }

        _chosen[candidates[best].Replica] = ++_choices;
        return new RoutePlan(best, "fewest requests");
    }

    private static double Load(in RouteCandidate candidate) => (candidate.Requests + 1) / candidate.Weight;
}

namespace Tiercel.Gateway.Routing;

/// <summary>
/// Chooses replicas for the requests of one pool. A step function over plain state: time and seed come from outside, and the owner calls it under a short
/// lock. It knows what it sent, what came back, and what replicas tell of themselves.
/// </summary>
internal sealed class PoolRouter
{
    private readonly PoolRouterOptions _options;
    private readonly Dictionary<int, ReplicaDescription> _replicas = [];
    private readonly Dictionary<long, (int Replica, bool First)> _requests = [];

    public PoolRouter(PoolRouterOptions options, IReadOnlyList<ReplicaDescription> replicas, TimeSpan now)
    {
        _options = options;
        SetReplicas(replicas, now);
    }

    /// <summary>Replaces the members of the pool. Those that stay keep what is known of them; requests of those that left still end.</summary>
    public void SetReplicas(IReadOnlyList<ReplicaDescription> replicas, TimeSpan now)
    {
        _replicas.Clear();
        foreach (ReplicaDescription replica in replicas)
        {
            _replicas[replica.Replica] = replica;
        }
    }

    /// <summary>Chooses for one request. Nothing is counted until <see cref="Sent"/>.</summary>
    public RouteDecision Choose(RouteQuery query, ReadOnlySpan<ReplicaAvailability> available, TimeSpan now)
    {
        int best = -1;
        bool limited = false;
        foreach (ReplicaAvailability candidate in available)
        {
            if (!_replicas.TryGetValue(candidate.Replica, out ReplicaDescription? description) || candidate.Weight <= 0
                || query.ExcludedReplicas.Contains(candidate.Replica) || (query.NumericsId is { } id && id != description.NumericsId))
            {
                continue;
            }

            limited |= candidate.AtLimit;
            if (!candidate.AtLimit && (best < 0 || Load(candidate.Replica).Requests < Load(best).Requests))
            {
                best = candidate.Replica;
            }
        }

        RouteOutcome outcome = best >= 0 ? RouteOutcome.Chosen : limited ? RouteOutcome.Busy : RouteOutcome.NoReplica;
        return new RouteDecision { RequestId = query.RequestId, Outcome = outcome, Replica = best, Reason = "least_request" };
    }

    /// <summary>A request goes to a replica now: counted there until <see cref="Ended"/>. Sent again (retry, resume), it moves.</summary>
    public void Sent(long requestId, int replica, TimeSpan now) => _requests[requestId] = (replica, false);

    /// <summary>Its first token came.</summary>
    public void FirstToken(long requestId, TimeSpan now)
    {
        if (_requests.TryGetValue(requestId, out (int Replica, bool First) state))
        {
            _requests[requestId] = state with { First = true };
        }
    }

    /// <summary>It has so many tokens of answer by now.</summary>
    public void Progress(long requestId, int tokens, TimeSpan now)
    {
    }

    /// <summary>It is over on its replica. Unknown requests, and those that ended before, are ignored.</summary>
    public void Ended(long requestId, in RouteEnd end, TimeSpan now) => _requests.Remove(requestId);

    /// <summary>A replica's report of itself.</summary>
    public void Report(int replica, ReplicaStatus status, TimeSpan now)
    {
    }

    /// <summary>An event of a Tiercel worker. On <see cref="EventOutcome.Gap"/> ask it for the events after <see cref="Cursor"/>.</summary>
    public EventOutcome Apply(int replica, WorkerEvent workerEvent, TimeSpan now) => EventOutcome.Stale;

    public EventCursor Cursor(int replica) => default;

    public ReplicaLoad Load(int replica)
    {
        int requests = 0, waiting = 0;
        foreach ((int at, bool first) in _requests.Values)
        {
            requests += at == replica ? 1 : 0;
            waiting += at == replica && !first ? 1 : 0;
        }

        return new ReplicaLoad(requests, waiting, 0);
    }

    /// <summary>Why a recent request went where it went; null when it is no longer kept.</summary>
    public RouteDecision? Explain(long requestId) => null;
}

namespace Tiercel.Gateway.Routing;

/// <summary>The decision itself.</summary>
internal sealed partial class PoolRouter
{
    private readonly List<RouteCandidate> _candidates = [];
    private PrefixMatch[] _matches = [];
    private WorkerBlocks?[] _exact = [];

    /// <summary>Chooses for one request. Nothing is counted until <see cref="Sent"/>.</summary>
    public RouteDecision Choose(RouteQuery query, ReadOnlySpan<ReplicaAvailability> available, TimeSpan now)
    {
        bool limited = Gather(query, available, now);
        int promptTokens = Math.Max(1, (int)Math.Min(int.MaxValue, query.PromptBytes * _estimates.TokensPerByte));
        if (_candidates.Count == 0 || _requests.Count >= _options.MaxRequests)
        {
            return new RouteDecision
            {
                RequestId = query.RequestId,
                Outcome = limited || _candidates.Count > 0 ? RouteOutcome.Busy : RouteOutcome.NoReplica,
                PromptTokens = promptTokens,
                Reason = limited || _candidates.Count > 0 ? "all replicas are at their limits" : "no replica can serve this",
            };
        }

        RouteDecision decision = Decide(query, promptTokens);
        _decisions.Add(new RequestState(query, decision));
        return decision;
    }

    private RouteDecision Decide(RouteQuery query, int promptTokens)
    {
        RouteCandidate[] candidates = [.. _candidates];
        RouteCandidate soonest = candidates.MinBy(candidate => candidate.TtftSeconds);
        if (!query.MustServe && query.Class is { TimeToFirstToken: { } } objective && _promise.Refusal(candidates, soonest, objective, query.AboveShare) is { } refusal)
        {
            return new RouteDecision
            {
                RequestId = query.RequestId,
                Outcome = RouteOutcome.ObjectiveMissed,
                PredictedTtft = TimeSpan.FromSeconds(soonest.TtftSeconds),
                PredictedUncachedTokens = soonest.PromptTokens - soonest.CachedTokens,
                PromptTokens = promptTokens,
                RetryAfter = TimeSpan.FromSeconds(_promise.RetryAfter(soonest, objective)),
                Reason = refusal,
                Candidates = candidates,
            };
        }

        RouteCandidate[] inTime = query.Class is { TimeToFirstToken: not null } promised ? _promise.InTime(candidates, promised) : candidates;
        RoutePlan plan = _policy.Choose(inTime);
        RouteCandidate chosen = inTime[plan.Serve];
        return new RouteDecision
        {
            RequestId = query.RequestId,
            Outcome = RouteOutcome.Chosen,
            Replica = chosen.Replica,
            PredictedTtft = TimeSpan.FromSeconds(chosen.TtftSeconds),
            PredictedUncachedTokens = chosen.PromptTokens - chosen.CachedTokens,
            PromptTokens = promptTokens,
            Reason = $"{_policy.Name}: {plan.Reason}",
            Candidates = candidates,
        };
    }

    /// <summary>Fills the candidates with all replicas that would do and are below their limits.</summary>
    /// <returns>Whether any would do but for its limit.</returns>
    private bool Gather(RouteQuery query, ReadOnlySpan<ReplicaAvailability> available, TimeSpan now)
    {
        _candidates.Clear();
        if (_matches.Length < _slots.Length)
        {
            _matches = new PrefixMatch[_slots.Length];
            _exact = new WorkerBlocks?[_slots.Length];
        }

        for (int i = 0; i < _slots.Length; i++)
        {
            _exact[i] = _slots[i]?.Exact;
        }

        _prefixes.Match(query.Fingerprint, _exact.AsSpan(0, _slots.Length), now, _matches);
        bool limited = false;
        int busy = 0;
        foreach (ReplicaAvailability candidate in available)
        {
            if (!_replicas.TryGetValue(candidate.Replica, out RoutedReplica? replica) || candidate.Weight <= 0 || query.ExcludedReplicas.Contains(candidate.Replica)
                || (query.NumericsId is { } id && id != replica.Description.NumericsId))
            {
                continue;
            }

            Settle(replica, now);
            limited |= candidate.AtLimit;
            busy += replica.Pending.Count > 0 ? 1 : 0;
            if (!candidate.AtLimit)
            {
                _candidates.Add(_cost.Weigh(query, replica, candidate.Weight, _matches[replica.Slot], now));
            }
        }

        if (available.Length > 0)
        {
            _cost.Observe(busy / (double)available.Length);
        }

        return limited;
    }
}

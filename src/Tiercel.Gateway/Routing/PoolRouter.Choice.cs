using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>The decision itself.</summary>
internal sealed partial class PoolRouter
{
    private readonly List<RouteCandidate> _candidates = [];
    private PrefixMatch[] _matches = [];
    private WorkerBlocks?[] _exact = [];

    /// <summary>Share of the replicas that had prompts to compute when requests came, lately.</summary>
    private double _busy;

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
        if (!query.MustServe && query.Class is { TimeToFirstToken: { } } objective && Refusal(candidates, soonest, objective) is { } refusal)
        {
            return new RouteDecision
            {
                RequestId = query.RequestId,
                Outcome = RouteOutcome.ObjectiveMissed,
                PredictedTtft = TimeSpan.FromSeconds(soonest.TtftSeconds),
                PredictedUncachedTokens = soonest.PromptTokens - soonest.CachedTokens,
                PromptTokens = promptTokens,
                RetryAfter = TimeSpan.FromSeconds(Math.Max(1e-3, soonest.QueueSeconds)),
                Reason = refusal,
                Candidates = candidates,
            };
        }

        RouteCandidate[] inTime = query.Class is { TimeToFirstToken: not null } promised ? InTime(candidates, promised) : candidates;
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
            if (!_replicas.TryGetValue(candidate.Replica, out ReplicaState? replica) || candidate.Weight <= 0 || query.ExcludedReplicas.Contains(candidate.Replica)
                || (query.NumericsId is { } id && id != replica.Description.NumericsId))
            {
                continue;
            }

            Settle(replica, now);
            limited |= candidate.AtLimit;
            busy += replica.Pending.Count > 0 ? 1 : 0;
            if (!candidate.AtLimit)
            {
                _candidates.Add(Weigh(query, replica, candidate.Weight, now));
            }
        }

        if (available.Length > 0)
        {
            _busy += 0.01 * (busy / (double)available.Length - _busy);
        }

        return limited;
    }

    private RouteCandidate Weigh(RouteQuery query, ReplicaState replica, double weight, TimeSpan now)
    {
        double tokensPerByte = _estimates.TokensPerByte;
        PrefixMatch match = _matches[replica.Slot];
        int prompt = Math.Max(1, (int)(query.PromptBytes * tokensPerByte));
        int computed = (int)Math.Min(prompt - 1, match.ComputedBytes * tokensPerByte);
        int pending = (int)Math.Min(prompt - 1 - computed, match.PendingBytes * tokensPerByte);
        int cached = computed + (int)(pending * _estimates.PendingShare);
        int uncached = prompt - cached;
        double prefill = replica.Factor * _estimates.Prefill.Predict(1, uncached, PoolEstimates.Pairs(prompt, cached));
        double later = Math.Min(_tuning.MaxLaterRequests, _tuning.LaterRequests * _busy / Math.Max(1e-3, 1 - _busy));
        double output = _estimates.ExpectedOutput(query.MaxOutputTokens);
        double fill = replica.KvTokens is { } kv ? Math.Clamp((_prefixes.Held(replica.Slot) * PromptFingerprint.BlockBytes * tokensPerByte + uncached) / kv, 0, 1) : 0;
        double queue = Math.Max(replica.QueueSeconds(_estimates.Prefill, now), MemoryWait(replica, prompt + output));
        return new RouteCandidate
        {
            Replica = replica.Description.Replica,
            Weight = weight,
            Requests = replica.Requests,
            PromptTokens = prompt,
            CachedTokens = cached,
            ComputedTokens = computed,
            PendingTokens = pending,
            BlocksSince = match.BlocksSince,
            QueueSeconds = queue,
            PrefillSeconds = prefill,
            SlowdownSeconds = prefill * later + StreamSeconds(replica, prefill + output * _estimates.SecondsPerStream, now),
            DebtSeconds = replica.DebtNow(SpareShare(replica, query.Class), now) + prefill,
            LatenessSeconds = Lateness(query.Class, queue + prefill, uncached),
            EvictionSeconds = fill >= 0.95 ? _tuning.EvictedWanted * uncached * replica.Factor * _estimates.Prefill.SecondsPerToken : 0,
        };
    }

    /// <summary>What it costs the streams of a replica, those that are about to begin included, to stand still for so many seconds in all.</summary>
    private double StreamSeconds(ReplicaState replica, double stall, TimeSpan now)
    {
        double behind = 0, cost = 0;
        for (LinkedListNode<RequestState>? node = replica.Pending.Last; node is not null; node = node.Previous)
        {
            cost += StreamSeconds(node.Value, replica, stall, behind, now);
            behind += replica.Factor * _estimates.Prefill.Predict(1, node.Value.UncachedTokens, node.Value.Pairs);
        }

        foreach (RequestState running in replica.Running)
        {
            cost += StreamSeconds(running, replica, stall, behind, now);
        }

        return cost;
    }

    /// <summary>
    /// What standing still costs one stream: the chance that it misses its objective for it. The chance grows with the square of the share that this
    /// takes of the time that the stream has to spare; a stream that is past saving costs nothing.
    /// </summary>
    /// <param name="behind">Seconds of other prompts that will be computed while it runs.</param>
    private double StreamSeconds(RequestState stream, ReplicaState replica, double stall, double behind, TimeSpan now)
    {
        if (stream.Class?.TimePerOutputToken is not { TotalSeconds: double objective })
        {
            return _tuning.StreamStall * stall;
        }

        double tokens = Math.Max(stream.Tokens + 16, _estimates.ExpectedOutput(stream.MaxOutputTokens));
        double spent = 0, left = tokens * replica.Pace;
        if (stream.FirstAt is { } first)
        {
            // Where nobody counts its tokens: it made progress whenever no prompt was computed.
            spent = (now - first).TotalSeconds;
            double moving = spent - (replica.PrefillSeconds - stream.PrefillSecondsAtFirst);
            left = stream.Tokens > 0 ? (tokens - stream.Tokens) * replica.Pace : Math.Max(0, left - Math.Max(0, moving));
        }

        double spare = objective * (tokens - 1) - spent - left - behind;
        double share = spare <= 0 ? 0 : Math.Min(1, stall / spare);
        return _tuning.MissedStreamTokens * objective * share * share;
    }

    /// <summary>Share of time that a replica can give to prompts while its streams keep the pace that their class promises.</summary>
    private double SpareShare(ReplicaState replica, ServiceClass? promised)
    {
        if (promised?.TimePerOutputToken is not { TotalSeconds: > 0 } objective)
        {
            return 1;
        }

        return replica.Pace == 0 ? _tuning.UnknownSpareShare : Math.Clamp(1 - replica.Pace / (_tuning.PaceMargin * objective.TotalSeconds), 0.1, 1);
    }

    /// <summary>Those that are predicted to keep the promise; all, if none is.</summary>
    private RouteCandidate[] InTime(RouteCandidate[] candidates, ServiceClass promised)
    {
        int kept = candidates.Count(candidate => IsInTime(candidate, promised));
        return kept == 0 || kept == candidates.Length ? candidates : [.. candidates.Where(candidate => IsInTime(candidate, promised))];
    }

    private bool IsInTime(in RouteCandidate candidate, ServiceClass promised)
        => candidate.TtftSeconds + _tuning.Errors * _estimates.Error <= Objective(promised, candidate.PromptTokens - candidate.CachedTokens)
            && (promised.TimePerOutputToken is null || candidate.DebtSeconds <= _tuning.Burst * Objective(promised, candidate.PromptTokens - candidate.CachedTokens));

    /// <summary>What the chance that the first token is late costs: nothing far from the objective, as much as the objective at it.</summary>
    private static double Lateness(ServiceClass? promised, double ttft, int uncachedTokens)
    {
        if (promised?.TimeToFirstToken is null)
        {
            return 0;
        }

        double limit = Objective(promised, uncachedTokens);
        double share = limit > 0 ? Math.Min(1, ttft / limit) : 1;
        return limit * share * share * share * share;
    }

    /// <summary>Seconds until running requests have left enough KV memory, if there is too little.</summary>
    private static double MemoryWait(ReplicaState replica, double needed)
    {
        if (replica.KvTokens is not { } tokens || replica.KvTokensInUse + needed <= tokens || replica.KvTokensInUse == 0)
        {
            return 0;
        }

        double missing = Math.Min(replica.KvTokensInUse, replica.KvTokensInUse + needed - tokens);
        return replica.MeanDecodeSeconds * missing / replica.KvTokensInUse;
    }

    /// <summary>Why a request should be refused, or null.</summary>
    private string? Refusal(RouteCandidate[] candidates, in RouteCandidate soonest, ServiceClass objective)
    {
        double limit = Objective(objective, soonest.PromptTokens - soonest.CachedTokens) - _tuning.Errors * _estimates.Error;
        if (candidates.Any(candidate => IsInTime(candidate, objective)))
        {
            return null;
        }

        if (soonest.TtftSeconds <= limit)
        {
            return "the streams that run would become too slow";
        }

        double idle = candidates.Min(candidate => candidate.PrefillSeconds);
        if (idle <= limit)
        {
            return "the objective would be missed on every replica";
        }

        // It cannot make it anywhere. That is no reason to refuse it, but one to keep it from those who can.
        double queue = candidates.Average(candidate => candidate.QueueSeconds);
        return queue > _tuning.IdleQueueShare * limit ? "the prompt alone takes longer than the objective, and the pool is busy" : null;
    }

    private static double Objective(ServiceClass objective, int uncachedTokens)
        => objective.TimeToFirstToken!.Value.TotalSeconds + objective.PerThousandUncached.TotalSeconds * uncachedTokens / 1000;
}

namespace Tiercel.Gateway.Routing;

/// <summary>
/// Chooses replicas for the requests of one pool. A step function over plain state: time and seed come from outside, and the owner calls it under a short
/// lock. It knows what it sent, what came back, and what replicas tell of themselves.
/// </summary>
internal sealed partial class PoolRouter
{
    private readonly PoolRouterOptions _options;
    private readonly PlacementCost _cost;
    private readonly PromiseRule _promise;
    private readonly IRoutingPolicy _policy;
    private readonly PrefixKnowledge _prefixes;
    private readonly PoolEstimates _estimates = new();
    private readonly Dictionary<int, RoutedReplica> _replicas = [];
    private readonly Dictionary<long, RequestState> _requests = [];
    private readonly DecisionLog _decisions;
    private RoutedReplica?[] _slots = [];

    public PoolRouter(PoolRouterOptions options, IReadOnlyList<ReplicaDescription> replicas, TimeSpan now)
    {
        _options = options;
        _policy = options.CreatePolicy();
        _prefixes = new PrefixKnowledge(options);
        _cost = new PlacementCost(options.Tuning, _estimates, _prefixes);
        _promise = new PromiseRule(options.Tuning, _estimates);
        _decisions = new DecisionLog(options.MaxKeptDecisions);
        SetReplicas(replicas, now);
    }

    /// <summary>Requests under way in the whole pool.</summary>
    public int Requests => _requests.Count;

    /// <summary>Replaces the members of the pool. Those that stay keep what is known of them; requests of those that left still end.</summary>
    public void SetReplicas(IReadOnlyList<ReplicaDescription> replicas, TimeSpan now)
    {
        foreach (int gone in _replicas.Keys.Except(replicas.Select(replica => replica.Replica)).ToArray())
        {
            RoutedReplica state = _replicas[gone];
            _replicas.Remove(gone);
            _slots[state.Slot] = null;
            _prefixes.RemoveSlot(state.Slot);
            state.IsGone = true;
        }

        foreach (ReplicaDescription replica in replicas)
        {
            if (_replicas.TryGetValue(replica.Replica, out RoutedReplica? state))
            {
                state.Description = replica;
            }
            else
            {
                state = Add(replica);
            }

            state.Exact = replica.Exact ? state.Exact ?? new WorkerBlocks(_options.MaxBlocksOfWorker) : null;
            _estimates.Begin(replica.Profile);
            FitCapacity(state);
        }
    }

    /// <summary>
    /// A request goes to a replica now: counted there until <see cref="Ended"/>. Sent again (a retry or a resume), it moves. False when the replica is
    /// not of the pool (any more): then it is counted nowhere.
    /// </summary>
    public bool Sent(long requestId, int replica, TimeSpan now)
    {
        if (_requests.Remove(requestId, out RequestState? before))
        {
            Leave(before, lost: before.FirstAt is null);
        }

        RequestState? request = _decisions.Find(requestId) ?? before;
        if (request is null || !_replicas.TryGetValue(replica, out RoutedReplica? state))
        {
            return false;
        }

        _requests.Add(requestId, request);
        Enter(request, state, now);
        return true;
    }

    /// <summary>Its first token came.</summary>
    public void FirstToken(long requestId, TimeSpan now)
    {
        if (!_requests.TryGetValue(requestId, out RequestState? request) || request.FirstAt is not null)
        {
            return;
        }

        RoutedReplica replica = request.Replica!;
        if (request.Streams)
        {
            _estimates.LearnError((now - request.SentAt).TotalSeconds, request.PredictedTtft);
            _estimates.Served(request, replica, now);
        }

        Begun(request, replica, now);
    }

    /// <summary>Nobody waits for its first token any more, which is later than predicted: how late it would have been is not known, and that it is late is.</summary>
    public void GivenUp(long requestId, TimeSpan now)
    {
        if (_requests.TryGetValue(requestId, out RequestState? request) && request.FirstAt is null && request.Streams)
        {
            _estimates.GivenUp(request, request.Replica!, now);
        }
    }

    /// <summary>It is over on its replica. Requests that are unknown, or ended before, are ignored.</summary>
    public void Ended(long requestId, in RouteEnd end, TimeSpan now)
    {
        if (!_requests.Remove(requestId, out RequestState? request))
        {
            return;
        }

        RoutedReplica replica = request.Replica!;
        Leave(request, lost: request.FirstAt is null && !end.Served);
        if (end.Served)
        {
            if (request is { Streams: true, FirstAt: { } first, Class.TimePerOutputToken: { } objective } && end.CompletionTokens > 1)
            {
                _estimates.LearnPace(missed: (now - first) / (end.CompletionTokens.Value - 1) > objective, _options.Tuning);
            }

            _estimates.Learn(request, replica, end, now);
            FitCapacity(replica);
        }
    }

    /// <summary>A replica's report of itself.</summary>
    public void Report(int replica, ReplicaStatus status, TimeSpan now)
    {
        if (_replicas.TryGetValue(replica, out RoutedReplica? state))
        {
            state.Observe(status, _estimates.Prefill, now);
            FitCapacity(state);
        }
    }

    /// <summary>An event of a Tiercel worker. On <see cref="EventOutcome.Gap"/> ask it for the events after <see cref="Cursor"/>.</summary>
    public EventOutcome Apply(int replica, WorkerEvent workerEvent, TimeSpan now)
    {
        if (!_replicas.TryGetValue(replica, out RoutedReplica? state) || state.Exact is not { } blocks)
        {
            return EventOutcome.Stale;
        }

        EventOutcome outcome = blocks.Apply(workerEvent);
        if (outcome == EventOutcome.Applied && workerEvent is WorkerEvent.Status { Report: { } report })
        {
            Report(replica, report, now);
        }
        else if (outcome == EventOutcome.Applied && workerEvent is WorkerEvent.Prompt prompt
            && (_requests.GetValueOrDefault(prompt.Request) ?? _decisions.Find(prompt.Request)) is { } request)
        {
            _prefixes.Link(request.Fingerprint, prompt);
        }

        return outcome;
    }

    /// <summary>Up to where a worker's events are known.</summary>
    public EventCursor Cursor(int replica) => _replicas.GetValueOrDefault(replica)?.Exact?.Cursor ?? default;

    /// <summary>What is under way on a replica; zeros for one that is not of the pool.</summary>
    public ReplicaLoad Load(int replica) => _replicas.TryGetValue(replica, out RoutedReplica? state)
        ? new ReplicaLoad(state.Requests, state.Pending.Count, state.PendingTokens, state.KvTokensInUse)
        : default;

    /// <summary>Why a recent request went where it went; null when it is no longer kept.</summary>
    public RouteDecision? Explain(long requestId) => _decisions.Find(requestId)?.Decision;

    private RoutedReplica Add(ReplicaDescription replica)
    {
        int slot = _prefixes.AddSlot(_options.MaxRememberedBlocks);
        if (slot >= _slots.Length)
        {
            Array.Resize(ref _slots, slot + 8);
        }

        RoutedReplica state = new(replica, slot);
        _slots[slot] = state;
        return _replicas[replica.Replica] = state;
    }

    private void Enter(RequestState request, RoutedReplica replica, TimeSpan now)
    {
        RouteCandidate candidate = request.Decision.Candidates.FirstOrDefault(each => each.Replica == replica.Description.Replica);
        int prompt = candidate.PromptTokens > 0 ? candidate.PromptTokens : request.Decision.PromptTokens;
        request.Replica = replica;
        request.Mark = new PrefillMark();
        request.SentAt = now;
        request.PredictedTtft = candidate.TtftSeconds;
        request.FirstAt = null;
        request.UncachedTokens = Math.Max(1, prompt - candidate.CachedTokens);
        request.Pairs = PoolEstimates.Pairs(prompt, candidate.CachedTokens);
        request.ComputedCachedTokens = candidate.ComputedTokens;
        request.PendingCachedTokens = candidate.PendingTokens;
        request.BlocksSince = candidate.BlocksSince;
        request.KvTokens = prompt + (long)_estimates.ExpectedOutput(request.MaxOutputTokens);
        request.Place = replica.Pending.AddLast(request);
        replica.PendingTokens += request.UncachedTokens;
        replica.PendingPairs += request.Pairs;
        replica.KvTokensInUse += request.KvTokens;
        replica.WaitingInside += replica.WaitingInside > 0 ? 1 : 0;
        replica.Give(candidate.PrefillSeconds, _cost.SpareShare(replica, request.Class), now);
        replica.MeanUncached += 0.1 * (request.UncachedTokens - replica.MeanUncached);
        if (!replica.IsGone)
        {
            _prefixes.Sent(request.Fingerprint, replica.Slot, request.Mark, now);
        }
    }

    /// <summary>Its prompt is computed, as far as anybody knows.</summary>
    private static void Begun(RequestState request, RoutedReplica replica, TimeSpan now)
    {
        request.FirstAt = now;
        request.Mark.State = PrefillState.Computed;
        replica.LastFirst = now;
        LeavePending(request, replica);
        replica.Running.Add(request);
    }

    /// <summary>Prompts of answers that come whole are taken as computed when that was predicted.</summary>
    private static void Settle(RoutedReplica replica, TimeSpan now)
    {
        while (replica.Pending.First is { Value: { Streams: false } head })
        {
            TimeSpan begun = head.SentAt + TimeSpan.FromSeconds(head.PredictedTtft);
            if (begun > now)
            {
                return;
            }

            Begun(head, replica, Later(begun, replica.LastFirst));
        }
    }

    private static void Leave(RequestState request, bool lost)
    {
        RoutedReplica replica = request.Replica!;
        LeavePending(request, replica);
        replica.Running.Remove(request);
        replica.KvTokensInUse -= request.KvTokens;
        replica.WaitingInside = Math.Max(0, replica.WaitingInside - 1);
        request.Mark.State = lost ? PrefillState.Lost : PrefillState.Computed;
        request.Replica = null;
    }

    private static void LeavePending(RequestState request, RoutedReplica replica)
    {
        if (request.Place is { } place)
        {
            replica.Pending.Remove(place);
            replica.PendingTokens -= request.UncachedTokens;
            replica.PendingPairs -= request.Pairs;
            request.Place = null;
        }
    }

    /// <summary>Gives the index as much room as the replica's cache seems to have.</summary>
    private void FitCapacity(RoutedReplica replica)
    {
        if (replica.IsGone)
        {
            return;
        }

        double share = _options.MaxRememberedBlocks / Math.Max(1.0, _replicas.Count);
        _prefixes.SetCapacity(replica.Slot, (long)Math.Min(share, _estimates.CacheBlocks(replica) ?? share));
    }

    private static TimeSpan Later(TimeSpan left, TimeSpan right) => left > right ? left : right;
}

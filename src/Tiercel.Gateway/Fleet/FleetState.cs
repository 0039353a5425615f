using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Routing;
using ReplicaState = Tiercel.Gateway.Health.ReplicaState;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The decisions of the gateway in one place: who can be used, who is chosen, what runs where, what a failure leads to. A step function over plain state:
/// time comes in from outside, nothing is waited for, and the owner serialises the calls. The server around it and the simulation drive the same code.
/// </summary>
internal sealed partial class FleetState
{
    private readonly Dictionary<string, Pool> _pools = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Replica> _replicas = [];
    private readonly HealthBook _book;
    private readonly ulong _seed;
    private readonly RoutingTuning _tuning;

    /// <param name="seed">Makes everything random repeatable.</param>
    /// <param name="tuning">Of all pools; for simulations, null for what is usual.</param>
    public FleetState(FleetConfiguration configuration, ulong seed, RoutingTuning? tuning = null)
    {
        Configuration = configuration;
        _seed = seed;
        _tuning = tuning ?? new RoutingTuning();
        _book = new HealthBook(configuration.Health, seed, OnTransition);
        Retries = new RetryBudget(configuration.Retries);
    }

    /// <summary>A replica's state changed; for logs and telemetry.</summary>
    public Action<HealthTransition>? Changed { get; set; }

    public FleetConfiguration Configuration { get; private set; }

    public HealthBook Health => _book;

    public RetryBudget Retries { get; private set; }

    public PoisonBook Poison { get; } = new();

    public IReadOnlyDictionary<string, Pool> Pools => _pools;

    public IReadOnlyDictionary<int, Replica> Replicas => _replicas;

    /// <summary>Requests that run on upstreams.</summary>
    public int Running => _replicas.Values.Sum(replica => replica.Running.Count);

    /// <summary>Puts a configuration in force. Replicas that stay keep everything that is known of them.</summary>
    /// <param name="next">The configuration.</param>
    /// <param name="members">Replicas of each of its pools.</param>
    public void Configure(FleetConfiguration next, IReadOnlyDictionary<string, List<Replica>> members, TimeSpan now)
    {
        if (!next.Retries.Equals(Configuration.Retries))
        {
            Retries = new RetryBudget(next.Retries);
        }

        Configuration = next;
        Health.SetSettings(next.Health);
        foreach ((string name, PoolSettings settings) in next.Pools)
        {
            List<Replica> replicas = members[name];
            ReplicaDescription[] descriptions = [.. replicas.Select(replica => replica.Description)];
            if (!_pools.TryGetValue(name, out Pool? pool) || pool.Settings.Policy != settings.Policy)
            {
                pool = new Pool(name, settings, new PoolRouter(new PoolRouterOptions { Policy = settings.Policy, Seed = _seed, Tuning = _tuning }, descriptions, now));
                _pools[name] = pool;
            }
            else
            {
                pool.Settings = settings;
                pool.Dearest = new Admission.CostEstimate(settings.Upstreams.Select(upstream => upstream.Price));
                pool.Router.SetReplicas(descriptions, now);
            }

            pool.Members = replicas;
        }

        foreach (string gone in _pools.Keys.Except(next.Pools.Keys).ToArray())
        {
            _pools.Remove(gone);
        }

        HashSet<Replica> all = [.. members.Values.SelectMany(list => list)];
        foreach (Replica gone in _replicas.Values.Where(replica => !all.Contains(replica)).ToArray())
        {
            gone.Removed = true;
            _replicas.Remove(gone.Id);
        }

        foreach (Replica replica in all)
        {
            _replicas[replica.Id] = replica;
        }

        Health.SetReplicas([.. all.Select(Monitored)], now);
    }

    /// <summary>A worker told what it is, at its start or at another.</summary>
    public void Describe(Replica replica, ReplicaDescription description, string generation, TimeSpan now)
    {
        if (replica.Generation is string before && before != generation)
        {
            Died(replica, before, now);
        }

        replica.Description = description;
        replica.Generation = generation;
        if (_pools.TryGetValue(replica.Pool, out Pool? pool))
        {
            pool.Router.SetReplicas([.. pool.Members.Select(member => member.Description)], now);
        }
    }

    /// <summary>Places a request and counts it there, in one step: what is counted is what the next decision sees.</summary>
    public (Attempt? Attempt, Placement Placement) TryStart(FleetRequest request, in PlaceTerms terms, string kind, TimeSpan now)
    {
        Placement placement = Place(request, terms, now);
        return (placement.Replica is null ? null : Begin(request, placement.Replica, placement.Decision, kind, now), placement);
    }

    /// <summary>The request is sent to a replica.</summary>
    public Attempt Begin(FleetRequest request, Replica replica, RouteDecision decision, string kind, TimeSpan now, bool isTrial = false, long? number = null)
    {
        request.Tried.Add(replica.Id);
        if (request.Attempts.Count == 0 && _pools.TryGetValue(request.PoolName, out Pool? pool))
        {
            pool.Shares.Given(request.Caller.Tenant.Name, PriorityOf(request), request.EstimatedTokens, now);
        }

        AttemptRecord record = new(replica.Name, kind, now - request.Arrived, decision);
        request.Attempts.Add(record);
        Attempt attempt = new(request, replica, Health.Begin(replica.Id, now), now, record) { IsTrial = isTrial, Number = number ?? request.Number };
        Adopt(attempt);
        replica.Running.Add(attempt);
        replica.Adaptive?.Sent();
        RouterOf(request)?.Sent(attempt.Number, replica.Id, now);
        return attempt;
    }

    public void FirstToken(Attempt attempt, TimeSpan now)
    {
        attempt.HasFirstToken = true;
        attempt.LastProgress = now;
        attempt.Replica.Adaptive?.FirstToken(attempt.Record.Decision?.PredictedUncachedTokens ?? 1, now - attempt.Started, now);
        Health.FirstToken(attempt.Health, attempt.Record.Decision?.PredictedTtft, now);
        RouterOf(attempt.Request)?.FirstToken(attempt.Number, now);
    }

    /// <summary>The attempt is over. Exactly once for each that began.</summary>
    /// <param name="body">Fingerprint of the body, for attempts on workers that ended without an answer: the worker may have died.</param>
    public void End(Attempt attempt, AttemptOutcome outcome, UInt128? body, TimeSpan now)
    {
        Replica replica = attempt.Replica;
        if (!replica.Running.Remove(attempt))
        {
            return;
        }

        FleetRequest request = attempt.Request;
        attempt.Record.Outcome = attempt.HasLost ? $"Cancelled: {attempt.Lost}" : outcome.ToString();

        // The answer is billed once: what a second attempt for it took is the gateway's affair.
        request.EngineTime += attempt.HasLost ? TimeSpan.Zero : now - attempt.Started;
        Remember(attempt, outcome, body, now);
        replica.Adaptive?.Ended();
        if (outcome is AttemptOutcome.Overloaded or AttemptOutcome.Timeout)
        {
            replica.Adaptive?.Refused(now);
        }

        if (outcome == AttemptOutcome.Cancelled && !attempt.HasFirstToken && request.Scanned.Stream && attempt.Record.Decision is { } decision)
        {
            // Else a replica that answers too late for anybody would be taken for as fast as it ever was: all its answers are given up.
            Health.GivenUp(attempt.Health, decision.PredictedTtft, now);
            RouterOf(request)?.GivenUp(attempt.Number, now);
        }

        Health.End(attempt.Health, outcome, now);
        if (attempt.IsTrial)
        {
            Tried(attempt, outcome, now);
        }

        bool served = outcome == AttemptOutcome.Success;
        RouteEnd end = served && request.Usage is { } usage ? new RouteEnd(true, usage.Prompt, usage.Cached, usage.Completion) : new RouteEnd(served);
        RouterOf(request)?.Ended(attempt.Number, end, now);
        if (served && request.Usage is { } told && _pools.TryGetValue(request.PoolName, out Pool? pool))
        {
            pool.Prompts.Observe(request.Scanned.Prompt.Length, told.Prompt);
        }
    }

    /// <summary>Where a broken stream could go on.</summary>
    public ResumeCandidate[] Candidates(FleetRequest request, TimeSpan now)
    {
        if (!_pools.TryGetValue(request.PoolName, out Pool? pool))
        {
            return [];
        }

        Available(pool, request, PlaceTerms.First, now);
        return
        [
            .. _available.Where(one => one.Weight > 0).Select(one => _replicas[one.Replica]).Select(replica => new ResumeCandidate(
                replica.Id,
                replica.IsTiercel ? replica.Description.NumericsId : null,
                replica.Settings.Capabilities.HasFlag(UpstreamCapabilities.ContinueMessage))),
        ];
    }

    /// <summary>Replicas that health would use for the request now.</summary>
    public int[] Usable(FleetRequest request, TimeSpan now) => [.. Candidates(request, now).Select(candidate => candidate.Replica)];

    /// <summary>Attempts that should go on elsewhere: their worker makes no progress, or is drained and another can continue them exactly.</summary>
    public void FindAbandoned(TimeSpan now, List<(Attempt Attempt, StreamFailure Reason)> into)
    {
        foreach (Replica replica in _replicas.Values)
        {
            if (replica.Running.Count == 0 || !replica.IsTiercel)
            {
                continue;
            }

            ReplicaHealth health = Health.Of(replica.Id, now);
            bool drained = health.State == ReplicaState.Draining && HasTwin(replica, now);
            foreach (Attempt attempt in replica.Running)
            {
                if (attempt.Abandoned is not null)
                {
                    continue;
                }

                if (Health.HasStalled(replica.Id, now - attempt.LastProgress, now))
                {
                    into.Add((attempt, StreamFailure.Stalled));
                }
                else if (drained && attempt.Request.Scanned.Stream)
                {
                    into.Add((attempt, StreamFailure.Drained));
                }
            }
        }

        if (into.Count > 0)
        {
            // They go on by the bound of lost streams: what happened to a worker must not use up what is meant for single failures.
            Retries.Lost(into.Count, now);
        }
    }

    private static MonitoredReplica Monitored(Replica replica) => new(
        replica.Id, replica.Pool, replica.IsTiercel, replica.Settings.Url is null || replica.Settings.Url.IsLoopback);

    private PoolRouter? RouterOf(FleetRequest request) => _pools.GetValueOrDefault(request.PoolName)?.Router;

    /// <summary>Whether another usable worker of the pool continues this one's streams exactly.</summary>
    private bool HasTwin(Replica replica, TimeSpan now) =>
        replica.Description.NumericsId is string id
        && _pools.TryGetValue(replica.Pool, out Pool? pool)
        && pool.Members.Any(other => other != replica && other.Description.NumericsId == id && Health.Of(other.Id, now).IsUsable);

    private void OnTransition(HealthTransition transition)
    {
        if (transition.To == ReplicaState.Down && _replicas.TryGetValue(transition.Replica, out Replica? replica))
        {
            Died(replica, replica.Generation ?? "", transition.At);
        }

        Changed?.Invoke(transition);
    }
}

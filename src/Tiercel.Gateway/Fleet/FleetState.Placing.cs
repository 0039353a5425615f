using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Routing;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Where a request can go, and where it should.</summary>
internal sealed partial class FleetState
{
    private readonly List<ReplicaHealth> _health = [];
    private readonly List<ReplicaAvailability> _available = [];

    /// <summary>Steps 4 and 5 for one attempt: who can take it, and who should.</summary>
    public Placement Place(FleetRequest request, in PlaceTerms terms, TimeSpan now, long? number = null)
    {
        if (!_pools.TryGetValue(request.PoolName, out Pool? pool))
        {
            return new Placement(null, ApiErrors.NoReplica(request.PoolName), Nowhere(request));
        }

        Available(pool, request, terms, now);
        bool first = !terms.MustServe && request.Attempts.Count == 0;
        TenantSettings tenant = request.Caller.Tenant;
        if (first)
        {
            // One that waits is placed again and again, and asks once.
            pool.Shares.Asked(tenant.Name, tenant.Weight, PriorityOf(request), request.HasAsked ? 0 : request.EstimatedTokens, now);
            request.HasAsked = true;
        }

        bool isAbove = first && IsAboveShare(pool, request, now);
        if (isAbove && IsKeptForOthers(request))
        {
            return new Placement(null, null, new RouteDecision
            {
                RequestId = number ?? request.Number,
                Outcome = RouteOutcome.Kept,
                Reason = "the last places are kept for tenants that have had less than their share",
            });
        }

        RouteQuery query = new()
        {
            RequestId = number ?? request.Number,
            Fingerprint = request.Fingerprint,
            PromptBytes = request.Scanned.Prompt.Length + request.Scanned.Tools.Length,
            MaxOutputTokens = request.Scanned.MaxTokens,
            Streams = request.Scanned.Stream,
            Class = request.Class,
            ExcludedReplicas = terms.Excluded,
            NumericsId = terms.NumericsId,
            MustServe = terms.MustServe,
            AboveShare = isAbove ? pool.Shares.GivenOfAsked(tenant.Name) : null,
        };

        // 5 Route. What it finds also says whether the fleet can admit the request now (4): chosen, busy, or too late for its class everywhere.
        RouteDecision decision = pool.Router.Choose(query, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_available), now);
        return decision.Outcome switch
        {
            RouteOutcome.Chosen => new Placement(_replicas[decision.Replica], null, decision),
            RouteOutcome.Busy => new Placement(null, null, decision),
            RouteOutcome.ObjectiveMissed => new Placement(null, ApiErrors.ObjectiveMissed(
                $"The first token is predicted in {decision.PredictedTtft.TotalSeconds:0.0} s at best, later than this class of service promises.", decision.RetryAfter), decision),
            _ => new Placement(null, ApiErrors.NoReplica(pool.Name), decision),
        };
    }

    /// <summary>Whether the tenant of a request has had more than its share of the pool while others ask for something as urgent.</summary>
    public bool IsAboveShare(FleetRequest request, TimeSpan now) => _pools.TryGetValue(request.PoolName, out Pool? pool) && IsAboveShare(pool, request, now);

    private static RouteDecision Nowhere(FleetRequest request) => new() { RequestId = request.Number, Outcome = RouteOutcome.NoReplica, Reason = "no pool" };

    private void Available(Pool pool, FleetRequest request, in PlaceTerms terms, TimeSpan now)
    {
        _health.Clear();
        _available.Clear();
        Health.Availability(pool.Name, now, _health);
        UpstreamCapabilities needed = Pool.Needed(request.Kind);
        foreach (ReplicaHealth one in _health)
        {
            if (_replicas.TryGetValue(one.Replica, out Replica? replica)
                && replica.Settings.Capabilities.HasFlag(needed)
                && (terms.Only is null || terms.Only.Contains(one.Replica))
                && (Poison.IsEmpty || !Poison.IsReserved(one.Replica, request.Number)))
            {
                _available.Add(new ReplicaAvailability(one.Replica, one.Weight, !terms.MustServe && IsFull(replica, request)));
            }
        }
    }

    private static bool IsAboveShare(Pool pool, FleetRequest request, TimeSpan now) => pool.Shares.IsAbove(request.Caller.Tenant.Name, PriorityOf(request), now);

    private static int PriorityOf(FleetRequest request) => request.Class?.Priority ?? 0;

    /// <summary>Whether what is free of the replicas that would do is what is kept from tenants above their share.</summary>
    private bool IsKeptForOthers(FleetRequest request)
    {
        (long places, long free) = (0, 0);
        foreach (ReplicaAvailability one in _available)
        {
            if (one.Weight > 0)
            {
                Replica replica = _replicas[one.Replica];
                int limit = LimitOf(replica, request);
                places += limit;
                free += Math.Max(0, limit - replica.Running.Count);
            }
        }

        return free > 0 && free <= Math.Min(places / 4, Math.Ceiling(_tuning.KeptPlaces * Math.Sqrt(places)));
    }

    private static bool IsFull(Replica replica, FleetRequest request) =>
        replica.Running.Count >= LimitOf(replica, request);

    private static int LimitOf(Replica replica, FleetRequest request) =>
        request.Class?.TimeToFirstToken is null && replica.Adaptive is { } adaptive ? Math.Min(replica.Limit, adaptive.Limit) : replica.Limit;
}

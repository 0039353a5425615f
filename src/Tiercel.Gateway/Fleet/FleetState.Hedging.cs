using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Fleet;

/// <summary>A second attempt beside one that is late: when there may be one, and whose the request is in the end.</summary>
internal sealed partial class FleetState
{
    /// <summary>How long after its beginning an attempt is late, so that a second replica may be asked; null for never.</summary>
    public TimeSpan? LateAfter(Attempt attempt, TimeSpan now)
    {
        FleetRequest request = attempt.Request;
        if (attempt.IsTrial || !_pools.TryGetValue(request.PoolName, out Pool? pool) || !pool.Settings.Hedge)
        {
            return null;
        }

        Available(pool, request, PlaceTerms.First, now);
        (long limit, long running, int others) = (0, 0, 0);
        foreach (Routing.ReplicaAvailability one in _available)
        {
            if (one.Weight > 0)
            {
                Replica replica = _replicas[one.Replica];
                limit += Math.Min(replica.Limit, replica.Adaptive?.Limit ?? int.MaxValue);
                running += replica.Running.Count;
                others += replica == attempt.Replica ? 0 : 1;
            }
        }

        double headroom = limit > 0 ? 1 - ((double)running / limit) : 0;
        return HedgeRule.Delay(enabled: true, attempt.Record.Decision?.PredictedTtft ?? TimeSpan.Zero, headroom, others);
    }

    /// <summary>Asks a second replica for what the first is late with, if there is headroom by now, and a retry left.</summary>
    /// <param name="number">Under which the router counts the second attempt; the first keeps the request's.</param>
    public Attempt? TryHedge(Attempt late, long number, TimeSpan now)
    {
        FleetRequest request = late.Request;
        if (LateAfter(late, now) is null)
        {
            return null;
        }

        // One death is enough: at two places at one time it could end two more workers before anybody suspects it.
        if (!Poison.IsEmpty && (request.KnownBody is not UInt128 body || Poison.IsBlamed(body, now)))
        {
            return null;
        }

        Placement placement = Place(request, new PlaceTerms([late.Replica.Id]), now, number);
        return placement.Replica is Replica second && Retries.TryRetry(now)
            ? Begin(request, second, placement.Decision, "hedge", now, number: number)
            : null;
    }

    /// <summary>Of two attempts this one answered: what the request is billed by and explained with is this one's.</summary>
    public static void Adopt(Attempt attempt)
    {
        FleetRequest request = attempt.Request;
        request.Decision = attempt.Record.Decision;
        request.Upstream = attempt.Replica.Name;
        request.Price = attempt.Replica.Settings.Price;
    }
}

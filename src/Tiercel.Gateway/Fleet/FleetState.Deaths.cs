using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Fleet;

/// <summary>Deaths of workers: who was there, and where a request goes that was there too often.</summary>
internal sealed partial class FleetState
{
    /// <summary>
    /// A worker has died (its process ended or hung): who was there may have done it, and its streams may all be resumed. Those whose connections have broken
    /// were there, and those that have not noticed yet; their ends come later, in any order.
    /// </summary>
    public void Died(Replica replica, string generation, TimeSpan now)
    {
        if (replica.DeadGeneration == generation)
        {
            return;
        }

        replica.DeadGeneration = generation;
        while (replica.RecentlyBroken.TryPeek(out (UInt128 Body, TimeSpan At) old) && now - old.At > PoisonBook.DeathNews)
        {
            replica.RecentlyBroken.Dequeue();
        }

        Retries.Lost(replica.Running.Count + replica.RecentlyBroken.Count, now);
        HashSet<UInt128> present = [.. replica.RecentlyBroken.Select(broken => broken.Body)];
        replica.RecentlyBroken.Clear();
        foreach (Attempt attempt in replica.Running)
        {
            attempt.Died = (generation, now);
            if (attempt.Request.KnownBody is UInt128 body)
            {
                present.Add(body);
            }
        }

        if (replica.IsTiercel && (present.Count > 0 || replica.Running.Count > 0))
        {
            Poison.Died(replica.Id, generation, [.. present], now);
        }
    }

    /// <summary>Sends a suspect to a worker that has nothing else; null while it must wait for one.</summary>
    /// <param name="body">Fingerprint of its body.</param>
    /// <param name="terms">Where it may go: one that goes on in mid-stream cannot go everywhere.</param>
    public Attempt? TryStartAlone(FleetRequest request, UInt128 body, in PlaceTerms terms, string kind, TimeSpan now)
    {
        PlaceTerms mine = terms;
        (int, int)[] workers = [.. Candidates(request, now)
            .Where(candidate => mine.Only?.Contains(candidate.Replica) != false && (mine.NumericsId is null || candidate.NumericsId == mine.NumericsId))
            .Select(candidate => (candidate.Replica, _replicas[candidate.Replica].Running.Count))];
        if (Poison.TryReserve(request.PoolName, body, request.Number, workers, now) is not int reserved
            || !_replicas.TryGetValue(reserved, out Replica? replica)
            || replica.Running.Count > 0)
        {
            return null;
        }

        // Through the router, so that it counts there.
        Placement placement = Place(request, mine with { Only = [reserved], Excluded = [], MustServe = true }, now);
        return placement.Replica is not null && Poison.Started(request.Number, replica.Generation ?? "")
            ? Begin(request, replica, placement.Decision, kind, now, isTrial: true)
            : null;
    }

    /// <summary>An attempt ended: whether its worker died may be known already, or be told in a moment, or never.</summary>
    private void Remember(Attempt attempt, AttemptOutcome outcome, UInt128? body, TimeSpan now)
    {
        Replica replica = attempt.Replica;
        if (attempt.IsLost)
        {
            if (body is UInt128 late)
            {
                Poison.WasPresent(replica.Id, attempt.Died!.Value.Generation, late, now);
            }
        }
        else if (body is UInt128 broken && outcome.BreaksOff())
        {
            replica.RecentlyBroken.Enqueue((broken, now));
        }
    }

    /// <summary>A suspect that ran alone has ended.</summary>
    private void Tried(Attempt attempt, AttemptOutcome outcome, TimeSpan now)
    {
        if (outcome.BreaksOff())
        {
            Poison.Broke(attempt.Request.Number, now);
        }
        else
        {
            Poison.Released(attempt.Request.Number, passed: outcome == AttemptOutcome.Success);
        }
    }
}

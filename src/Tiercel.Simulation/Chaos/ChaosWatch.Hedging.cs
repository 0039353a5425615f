using Tiercel.Gateway.Health;

namespace Tiercel.Simulation.Chaos;

/// <summary>
/// What must hold where a request may be with two workers at one time. H1: at most two, and two only before the first byte. H2: the second is asked only while
/// half of the pool is free. H3: and while nobody waits. H4: exactly one answers. H5: what may kill workers is never with two.
/// </summary>
internal sealed partial class ChaosWatch
{
    private readonly List<ReplicaHealth> _pool = [];

    /// <summary>A death is held against the request.</summary>
    public bool IsBlamed(SimulatedRequest request) => _deaths.GetValueOrDefault(request.Fingerprint) > 0;

    /// <summary>Whether half of the places are free on the workers that can be used.</summary>
    public bool HasHeadroom()
    {
        gateway.Health.Availability(SimulatedGateway.Pool, time.Now, _pool);
        (int places, int taken) = (0, 0);
        foreach (ReplicaHealth one in _pool)
        {
            if (one.IsUsable && !gateway.Poison.IsReserved(one.Replica))
            {
                GatewayReplica replica = gateway.Replicas[one.Replica - 1];
                places += Math.Min(options.Limit, replica.Fleet.Adaptive?.Limit ?? options.Limit);
                taken += replica.Running.Count;
            }
        }

        return 2 * taken <= places && places > 0;
    }

    /// <summary>A second worker is about to be asked.</summary>
    public void Hedged(GatewayAttempt first)
    {
        SimulatedRequest request = first.Stream.Request;
        trace.Add('h', request.Number);
        Require(gateway.Queue.Count == 0, "H3", $"request {request.Number} is hedged while {gateway.Queue.Count} wait");
        Require(HasHeadroom(), "H2", $"request {request.Number} is hedged while more than half of the pool is taken");
        Require(!IsBlamed(request), "H5", $"body {request.Body} was at {_deaths.GetValueOrDefault(request.Fingerprint)} deaths and is hedged");
        CountRetry();
    }

    /// <summary>An attempt is cancelled although its request goes on, or ends, with another.</summary>
    public void Lost(GatewayAttempt attempt) => _requests[attempt.Stream.Request.Number].Lost.Add(attempt);

    private void CheckCompany(GatewayAttempt attempt)
    {
        GatewayStream stream = attempt.Stream;
        long number = stream.Request.Number;
        Require(stream.Attempts.Count <= 2, "H1", $"request {number} is with {stream.Attempts.Count} workers");
        Require(stream.Attempts.Count == 1 || (options.Hedge && attempt.IsHedge), "H1", $"request {number} is sent while it is with another worker");
        Require(!attempt.IsHedge || !(stream.Client.AnyContent || stream.Journal.RoleSent), "H1", $"request {number} is hedged after its first byte");
        Require(stream.Attempts.TrueForAll(other => other == attempt || other.Replica != attempt.Replica), "H1", $"request {number} is twice with one worker");
    }

    private void CheckAnswer(GatewayAttempt attempt)
    {
        GatewayStream stream = attempt.Stream;
        RequestAccount account = _requests[stream.Request.Number];
        Require(stream.Attempts.Count == 1 && stream.Attempts[0] == attempt, "H4", $"request {stream.Request.Number} is answered while it is with {stream.Attempts.Count} workers");
        Require(!account.Lost.Contains(attempt), "H4", $"request {stream.Request.Number} is answered by one that had lost");
        account.Answered = account.Leads = attempt;
    }

    private void CountTime(GatewayAttempt attempt)
    {
        RequestAccount account = _requests[attempt.Stream.Request.Number];
        account.EngineTime += account.Lost.Contains(attempt) ? TimeSpan.Zero : time.Now - attempt.Counted.Started;
    }

    /// <summary>It is the winner's work and the winner's price that is billed.</summary>
    private static void CheckWhatIsBilled(RequestAccount account)
    {
        long number = account.Stream.Request.Number;
        if (account.Lost.Count > 0)
        {
            TimeSpan billed = account.Stream.Fleet.EngineTime;
            Require(billed == account.EngineTime, "I22", $"request {number} is billed {billed} on workers, and those that did not lose took {account.EngineTime}");
        }

        if (account.Answered is { } answered && answered == account.Leads)
        {
            string upstream = account.Stream.Fleet.Upstream;
            Require(upstream == answered.Replica.Fleet.Name, "I22", $"request {number} was answered by {answered.Replica.Fleet.Name} and is billed by {upstream}");
        }
    }
}

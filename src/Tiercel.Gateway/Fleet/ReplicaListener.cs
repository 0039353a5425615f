using Tiercel.Gateway.Health;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Workers;

namespace Tiercel.Gateway.Fleet;

/// <summary>Carries what a worker tells of itself into the fleet's state: what it is, what its cache holds, and that it makes progress.</summary>
internal sealed class ReplicaListener(FleetServices services, Replica replica) : IWorkerSink
{
    /// <summary>Why the worker cannot be heard; null while it can.</summary>
    public string? Silence { get; private set; } = "not yet connected";

    public void Connected(WorkerInfo info)
    {
        Silence = null;
        lock (services.Gate)
        {
            if (replica.Removed)
            {
                return;
            }

            replica.MaxSequences = info.MaxSequences > 0 ? info.MaxSequences : null;
            ReplicaDescription description = new(replica.Id, replica.Name, Exact: true)
            {
                NumericsId = info.NumericsId.Length > 0 ? info.NumericsId : null,
                KvTokens = info.KvTokens,
                BlockTokens = info.BlockTokens,
                Profile = info.Profile,
            };
            services.State.Describe(replica, description, info.Generation, services.Clock.Now);
        }
    }

    public EventOutcome Apply(WorkerEvent news)
    {
        lock (services.Gate)
        {
            return replica.Removed || !services.State.Pools.TryGetValue(replica.Pool, out Pool? pool)
                ? EventOutcome.Stale
                : pool.Router.Apply(replica.Id, news, services.Clock.Now);
        }
    }

    public void Beat(string generation, WorkerStatus status)
    {
        if (!status.IsAlive)
        {
            // A worker that says itself that its step loop stands is one that tells of no progress.
            return;
        }

        lock (services.Gate)
        {
            if (!replica.Removed)
            {
                WorkerHeartbeat beat = new(generation, status.Steps, status.Running + status.Waiting, status.IsDraining);
                services.State.Health.Heartbeat(replica.Id, beat, services.Clock.Now);
            }
        }
    }

    public void Lost(string reason) => Silence = reason;
}

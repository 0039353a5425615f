using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Tests.Health;

/// <summary>A book over one pool, and a clock that moves by hand.</summary>
internal sealed class HealthRig
{
    public const string Pool = "chat";

    private readonly List<ReplicaHealth> _availability = [];

    public HealthRig(int replicas = 4, bool workers = false, bool local = false, HealthSettings? settings = null)
    {
        Book = new HealthBook(settings ?? new HealthSettings(), seed: 7, Transitions.Add);
        Book.SetReplicas([.. Enumerable.Range(1, replicas).Select(id => new MonitoredReplica(id, Pool, workers, local))], Now);
    }

    public HealthBook Book { get; }

    public List<HealthTransition> Transitions { get; } = [];

    public TimeSpan Now { get; private set; }

    public ReplicaState StateOf(int replica) => Book.Of(replica, Now).State;

    public void End(int replica, AttemptOutcome outcome, int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            Assert.True(Book.End(Book.Begin(replica, Now), outcome, Now));
        }
    }

    public void Beat(int replica, string generation = "a", long steps = 0, int requests = 0, bool draining = false)
        => Book.Heartbeat(replica, new WorkerHeartbeat(generation, steps, requests, draining), Now);

    /// <summary>Lets time pass as the server does, in small steps.</summary>
    public void Pass(double seconds, Action? each = null)
    {
        TimeSpan end = Now + TimeSpan.FromSeconds(seconds);
        while (Now < end)
        {
            Now += TimeSpan.FromMilliseconds(250);
            each?.Invoke();
            Book.Advance(Now);
        }
    }

    /// <summary>Passes time and answers all probes alike.</summary>
    public List<ProbeOrder> PassWithProbes(double seconds, Func<ProbeOrder, ProbeResult> answer, Action? each = null)
    {
        List<ProbeOrder> made = [];
        Pass(seconds, () =>
        {
            each?.Invoke();
            while (Book.NextProbe(Now) is { } order)
            {
                made.Add(order);
                Book.Probed(order.Replica, order.Kind, answer(order), Now);
            }
        });
        return made;
    }

    public IReadOnlyList<ReplicaHealth> Availability()
    {
        Book.Availability(Pool, Now, _availability);
        return [.. _availability];
    }
}

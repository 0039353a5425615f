using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Health;

/// <summary>
/// Knows which replicas of the fleet can be used: from how attempts end, from probes, and from the progress that Tiercel workers tell. A step function over
/// plain state; its owner serialises the calls and passes the time.
/// </summary>
internal sealed class HealthBook(HealthSettings settings, ulong seed, Action<HealthTransition>? changed = null)
{
    private HealthSettings _settings = settings;

    /// <summary>Sets or reloads who is watched; those that stay keep what is known of them.</summary>
    public void SetReplicas(IReadOnlyList<MonitoredReplica> replicas, TimeSpan now) => throw new NotSupportedException();

    public void SetSettings(HealthSettings next) => _settings = next;

    /// <summary>A request is sent to a replica. The number returned names the attempt in the calls that follow.</summary>
    public long Begin(int replica, TimeSpan now) => throw new NotSupportedException();

    /// <summary>The attempt's first token arrived.</summary>
    /// <param name="expected">What the router predicted, so that long prompts and slow devices are judged by what is normal for them; null when it predicts nothing.</param>
    public void FirstToken(long attempt, TimeSpan? expected, TimeSpan now) => throw new NotSupportedException();

    /// <summary>The attempt ended. A second call for the same attempt does nothing and says so.</summary>
    public bool End(long attempt, AttemptOutcome outcome, TimeSpan now) => throw new NotSupportedException();

    /// <summary>A Tiercel worker told of itself. Its restart (another generation) wipes what is held against it.</summary>
    public void Heartbeat(int replica, in WorkerHeartbeat beat, TimeSpan now) => throw new NotSupportedException();

    /// <summary>Drains a replica, or ends the drain, by order of the operator.</summary>
    public void Drain(int replica, bool draining, TimeSpan now) => throw new NotSupportedException();

    /// <summary>Takes a probe that is due; null when none is. Call until null.</summary>
    public ProbeOrder? NextProbe(TimeSpan now) => throw new NotSupportedException();

    /// <summary>When <see cref="NextProbe"/> and <see cref="Advance"/> are to be called next.</summary>
    public TimeSpan NextDue(TimeSpan now) => throw new NotSupportedException();

    public void Probed(int replica, ProbeKind kind, ProbeResult result, TimeSpan now) => throw new NotSupportedException();

    /// <summary>Lets time work: silences, ends of ejections, outliers. The queries do it for the replicas they ask about.</summary>
    public void Advance(TimeSpan now) => throw new NotSupportedException();

    /// <summary>The replicas of a pool as the router should see them, panic threshold applied.</summary>
    public void Availability(string pool, TimeSpan now, List<ReplicaHealth> into) => throw new NotSupportedException();

    /// <summary>The state of one replica by itself, without the panic threshold.</summary>
    public ReplicaHealth Of(int replica, TimeSpan now) => throw new NotSupportedException();

    /// <summary>Whether a stream that has been silent for so long should be moved because its replica makes no progress.</summary>
    public bool HasStalled(int replica, TimeSpan streamSilence, TimeSpan now) => throw new NotSupportedException();

    public HealthCounters Counters(int replica) => throw new NotSupportedException();

    internal (ulong, Action<HealthTransition>?, HealthSettings) Inputs => (seed, changed, _settings);
}

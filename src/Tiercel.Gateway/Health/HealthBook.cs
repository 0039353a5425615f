using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Health;

/// <summary>
/// Knows which replicas of the fleet can be used: from how attempts end, from probes, and from the progress that Tiercel workers tell. A step function over
/// plain state; its owner serialises the calls and passes the time, which never goes back.
/// </summary>
internal sealed partial class HealthBook(HealthSettings settings, ulong seed, Action<HealthTransition>? changed = null)
{
    // Share of new requests with which a replica begins its slow start.
    private const double FirstWeight = 0.1;

    // A gateway that slept this long has not listened: silence until then is nobody's fault.
    private static readonly TimeSpan OwnPause = TimeSpan.FromSeconds(1);

    private readonly List<ReplicaRecord> _replicas = [];
    private readonly Dictionary<int, ReplicaRecord> _byId = [];
    private readonly Dictionary<long, (ReplicaRecord Replica, TimeSpan At)> _open = [];
    private HealthSettings _settings = settings;
    private long _attempts;
    private TimeSpan? _lastCall;
    private TimeSpan _listeningSince;

    /// <summary>Attempts that have begun and not ended, of all replicas.</summary>
    public int OpenAttempts => _open.Count;

    /// <summary>Sets or reloads who is watched; those that stay keep what is known of them.</summary>
    public void SetReplicas(IReadOnlyList<MonitoredReplica> replicas, TimeSpan now)
    {
        Listen(now);
        _replicas.Clear();
        foreach (MonitoredReplica replica in replicas)
        {
            if (_byId.TryGetValue(replica.Id, out ReplicaRecord? record))
            {
                record.Setup = replica;
            }
            else
            {
                record = new ReplicaRecord(replica, now) { NextProbe = now + FirstProbeDelay(replica.Id) };
                _byId.Add(replica.Id, record);
            }

            _replicas.Add(record);
        }

        foreach (int gone in _byId.Where(entry => !_replicas.Contains(entry.Value)).Select(entry => entry.Key).ToArray())
        {
            _byId.Remove(gone);
        }
    }

    public void SetSettings(HealthSettings next) => _settings = next;

    /// <summary>A request is sent to a replica. The number returned names the attempt in the calls that follow.</summary>
    public long Begin(int replica, TimeSpan now)
    {
        ReplicaRecord record = Find(replica);
        record.Counters.Begin();
        _open.Add(++_attempts, (record, now));
        return _attempts;
    }

    /// <summary>The attempt's first token arrived.</summary>
    /// <param name="expected">What the router predicted, so that long prompts and slow devices are judged by what is normal for them; null when it predicts
    /// nothing.</param>
    public void FirstToken(long attempt, TimeSpan? expected, TimeSpan now)
    {
        if (_open.TryGetValue(attempt, out (ReplicaRecord Replica, TimeSpan At) open))
        {
            open.Replica.Ttft.Add(now - open.At, expected, now);
            open.Replica.LastProgress = now;
        }
    }

    /// <summary>Nobody waits for the attempt's first token any more, which is later than expected: it counts as if it had come now, which is the least that it can be.</summary>
    /// <param name="expected">Predicted time to the first token.</param>
    public void GivenUp(long attempt, TimeSpan expected, TimeSpan now)
    {
        if (_open.TryGetValue(attempt, out (ReplicaRecord Replica, TimeSpan At) open) && now - open.At > expected)
        {
            open.Replica.Ttft.Add(now - open.At, expected, now);
        }
    }

    /// <summary>The attempt ended. A second call for the same attempt does nothing and says so.</summary>
    public bool End(long attempt, AttemptOutcome outcome, TimeSpan now)
    {
        Listen(now);
        if (!_open.Remove(attempt, out (ReplicaRecord Replica, TimeSpan At) open))
        {
            return false;
        }

        open.Replica.Counters.End(outcome);
        Settle(open.Replica, now);
        if (outcome == AttemptOutcome.Success)
        {
            Succeeded(open.Replica, now);
        }
        else if (outcome.IsFailure())
        {
            Failed(open.Replica, outcome, now);
        }

        return true;
    }

    /// <summary>A Tiercel worker told of itself. Its restart (another generation) wipes what is held against it.</summary>
    public void Heartbeat(int replica, in WorkerHeartbeat beat, TimeSpan now)
    {
        Listen(now);
        if (!_byId.TryGetValue(replica, out ReplicaRecord? record) || record.Adopt(beat.Generation, now) is not { } restarted)
        {
            return;
        }

        record.DrainTold = beat.Draining;
        bool progress = restarted || beat.Steps > record.Steps || beat.Requests == 0;
        record.Steps = Math.Max(record.Steps, beat.Steps);
        if (restarted)
        {
            Forgive(record, now);
            Enter(record, ReplicaState.SlowStart, "restarted", now);
        }

        if (progress)
        {
            Progressed(record, "it tells of progress again", now);
        }

        Settle(record, now);
    }

    /// <summary>Drains a replica, or ends the drain, by order of the operator.</summary>
    public void Drain(int replica, bool draining, TimeSpan now)
    {
        ReplicaRecord record = Find(replica);
        ReplicaState before = record.Shown;
        record.DrainOrdered = draining;
        if (record.Shown != before)
        {
            changed?.Invoke(new HealthTransition(replica, before, record.Shown, draining ? "drain ordered" : "drain ended", now));
        }
    }

    /// <summary>Lets time work: silences, ends of ejections, outliers. To be called at least twice a second.</summary>
    public void Advance(TimeSpan now)
    {
        Listen(now);
        foreach (ReplicaRecord record in _replicas)
        {
            Settle(record, now);
        }

        SweepOutliers(now);
    }

    /// <summary>The replicas of a pool as the router should see them, panic threshold applied.</summary>
    public void Availability(string pool, TimeSpan now, List<ReplicaHealth> into)
    {
        Listen(now);
        into.Clear();
        (int members, int usable, int reachable) = (0, 0, 0);
        foreach (ReplicaRecord record in _replicas)
        {
            if (record.Setup.Pool != pool)
            {
                continue;
            }

            Settle(record, now);
            ReplicaHealth health = new(record.Setup.Id, record.Shown, WeightOf(record, now));
            into.Add(health);
            members += health.State == ReplicaState.Draining ? 0 : 1;
            usable += health.IsUsable ? 1 : 0;
            reachable += health.State == ReplicaState.Draining || IsCertainlyGone(record, now) ? 0 : 1;
        }

        if (usable < members && usable < _settings.PanicShare * members)
        {
            UseEverybody(into, reachable, now);
        }
    }

    /// <summary>The state of one replica by itself, without the panic threshold.</summary>
    public ReplicaHealth Of(int replica, TimeSpan now)
    {
        Listen(now);
        ReplicaRecord record = Find(replica);
        Settle(record, now);
        return new ReplicaHealth(replica, record.Shown, WeightOf(record, now));
    }

    /// <summary>Whether a stream that has been silent for so long should be moved because its replica makes no progress.</summary>
    public bool HasStalled(int replica, TimeSpan streamSilence, TimeSpan now)
    {
        Listen(now);
        if (!_byId.TryGetValue(replica, out ReplicaRecord? record) || streamSilence < _settings.HeartbeatTimeout)
        {
            return false;
        }

        Settle(record, now);
        return record.State == ReplicaState.Down || (record.State == ReplicaState.Suspect && record.Setup.HasHeartbeat && IsSilent(record, now));
    }

    public HealthCounters Counters(int replica) => Find(replica).Counters;

    /// <summary>Generation that a Tiercel worker told last.</summary>
    public string? Generation(int replica) => Find(replica).Generation;

    /// <summary>
    /// Too few can be used, so that those left would drown, or the checks themselves are wrong: all are used, but for those that surely are not there.
    /// </summary>
    private void UseEverybody(List<ReplicaHealth> pool, int reachable, TimeSpan now)
    {
        for (int i = 0; i < pool.Count; i++)
        {
            ReplicaHealth health = pool[i];
            bool gone = reachable > 0 && IsCertainlyGone(_byId[health.Replica], now);
            if (!health.IsUsable && health.State != ReplicaState.Draining && !gone)
            {
                pool[i] = health with { Weight = 1, Panic = true };
            }
        }
    }

    private double WeightOf(ReplicaRecord record, TimeSpan now) => record.Shown switch
    {
        ReplicaState.Ok => 1,
        ReplicaState.SlowStart => Math.Clamp((now - record.Since) / _settings.SlowStart, FirstWeight, 1),
        _ => 0,
    };

    /// <summary>Nobody listened, or neither heartbeats nor probes come back: two ways of asking that do not fail together by mistake.</summary>
    private bool IsCertainlyGone(ReplicaRecord record, TimeSpan now)
        => record.State == ReplicaState.Down && (record.Refused || (record.Setup.HasHeartbeat && IsSilent(record, now)));

    private bool IsSilent(ReplicaRecord record, TimeSpan now) => Silence(record, now) > _settings.HeartbeatTimeout;

    private TimeSpan Silence(ReplicaRecord record, TimeSpan now)
        => now - (record.LastProgress > _listeningSince ? record.LastProgress : _listeningSince);

    private void Listen(TimeSpan now)
    {
        if (_lastCall is { } last && now - last > OwnPause)
        {
            _listeningSince = now;
        }

        _lastCall = now;
    }

    private ReplicaRecord Find(int replica)
        => _byId.TryGetValue(replica, out ReplicaRecord? record) ? record : throw new ArgumentException($"replica {replica} is not watched", nameof(replica));
}

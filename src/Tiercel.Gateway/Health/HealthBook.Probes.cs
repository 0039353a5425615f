namespace Tiercel.Gateway.Health;

/// <summary>When to probe, how, and what follows.</summary>
internal sealed partial class HealthBook
{
    // A process that restarts should be noticed within about a second.
    private static readonly TimeSpan ImpatientInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UrgentSpacing = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    /// <summary>Takes a probe that is due; null when none is. Call until null.</summary>
    public ProbeOrder? NextProbe(TimeSpan now)
    {
        Listen(now);
        foreach (ReplicaRecord record in _replicas)
        {
            Settle(record, now);
            if (DueAt(record) > now)
            {
                continue;
            }

            record.ProbeInFlight = true;
            record.ProbeUrgent = false;
            record.LastProbe = now;
            record.Counters.Probes++;
            bool doubtful = record.State is not (ReplicaState.Ok or ReplicaState.SlowStart) || Silence(record, now) >= _settings.HeartbeatTimeout / 2;
            return new ProbeOrder(record.Setup.Id, record.Setup.HasHeartbeat && doubtful && !record.IsDraining ? ProbeKind.Generate : ProbeKind.Health);
        }

        return null;
    }

    /// <summary>When <see cref="NextProbe"/> and <see cref="Advance"/> are to be called next.</summary>
    public TimeSpan NextDue(TimeSpan now)
    {
        TimeSpan due = now + LongestWait;
        foreach (ReplicaRecord record in _replicas)
        {
            TimeSpan own = DueAt(record);
            due = own < due ? own : due;
        }

        return due > now ? due : now;
    }

    /// <summary>A probe came back.</summary>
    public void Probed(int replica, ProbeKind kind, ProbeResult result, TimeSpan now)
    {
        Listen(now);
        if (!_byId.TryGetValue(replica, out ReplicaRecord? record))
        {
            return;
        }

        record.ProbeInFlight = false;
        Settle(record, now);
        if (result == ProbeResult.Passed)
        {
            Passed(record, kind, now);
        }
        else
        {
            Counted(record, result, now);
        }

        record.NextProbe = now + Spread(record, IntervalOf(record));
    }

    private void Passed(ReplicaRecord record, ProbeKind kind, TimeSpan now)
    {
        // That somebody answers says nothing about a worker's step loop; that is what the other kind of probe is for.
        if (kind == ProbeKind.Generate || !record.Setup.HasHeartbeat)
        {
            Progressed(record, "a probe passed", now);
        }
        else
        {
            record.FailedProbesInRow = 0;
            record.Refused = false;
            record.ProbeUrgent |= record.State is ReplicaState.Suspect or ReplicaState.Down;
        }
    }

    private void Counted(ReplicaRecord record, ProbeResult result, TimeSpan now)
    {
        record.Counters.FailedProbes++;
        bool refused = result == ProbeResult.Refused;
        TimeSpan proof = record.Setup.HasHeartbeat && record.LastProgress > record.LastSuccess ? record.LastProgress : record.LastSuccess;
        if (!refused && proof > record.LastProbe)
        {
            // It worked while the probe did not: a slow health endpoint takes nobody out.
            return;
        }

        record.FailedProbesInRow++;
        if (refused && (record.Setup.IsLocal || record.FailedProbesInRow >= FailedProbesToLeave))
        {
            Gone(record, "connection refused", now);
        }
        else if (record.FailedProbesInRow >= FailedProbesToLeave)
        {
            record.CleanSince = now;
            Enter(record, ReplicaState.Down, $"{record.FailedProbesInRow} probes failed", now);
        }
        else if (record.State is ReplicaState.Ok or ReplicaState.SlowStart)
        {
            Enter(record, ReplicaState.Suspect, "a probe failed", now);
        }
    }

    private TimeSpan DueAt(ReplicaRecord record)
    {
        if (record.ProbeInFlight)
        {
            // Whoever took the probe must have given up on it long ago.
            return record.LastProbe + (2 * _settings.ProbeTimeout);
        }

        if (record.ProbeUrgent)
        {
            return record.LastProbe == TimeSpan.MinValue ? TimeSpan.MinValue : record.LastProbe + UrgentSpacing;
        }

        // Heartbeats make probes needless; one that is late is asked after before it becomes a suspect.
        bool fine = record.State is ReplicaState.Ok or ReplicaState.SlowStart;
        TimeSpan late = record.LastProgress + (_settings.HeartbeatTimeout / 2);
        return record.Setup.HasHeartbeat && fine && late > record.NextProbe ? late : record.NextProbe;
    }

    private TimeSpan IntervalOf(ReplicaRecord record)
    {
        bool impatient = record.State == ReplicaState.Suspect || record.Setup.HasHeartbeat || (record.State == ReplicaState.Down && record.Setup.IsLocal);
        return impatient && ImpatientInterval < _settings.ProbeInterval ? ImpatientInterval : _settings.ProbeInterval;
    }

    // A tenth up or down, so that probes of many gateways do not march in step.
    private TimeSpan Spread(ReplicaRecord record, TimeSpan interval)
        => interval * (0.9 + (0.2 * SeededJitter.Share(seed, (ulong)record.Setup.Id, (ulong)record.Counters.Probes)));

    private TimeSpan FirstProbeDelay(int replica)
    {
        TimeSpan most = ImpatientInterval < _settings.ProbeInterval ? ImpatientInterval : _settings.ProbeInterval;
        return most * SeededJitter.Share(seed, (ulong)replica, 0);
    }
}

namespace Tiercel.Gateway.Health;

/// <summary>How replicas change their state.</summary>
internal sealed partial class HealthBook
{
    // Twice in a row is no coincidence.
    private const int FailedProbesToLeave = 2;

    // Outliers are judged by so many first tokens at least, and are slow in a way that a person would notice.
    private const int FewestSamples = 8;
    private const double OutlierFactor = 3;
    private const double LeastSlowSeconds = 0.1;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(10);

    private TimeSpan _nextSweep = SweepInterval;

    private void Succeeded(ReplicaRecord record, TimeSpan now)
    {
        record.FailureStreak = 0;
        record.LastSuccess = now;
        if (record.State != ReplicaState.Down || !record.Refused)
        {
            Progressed(record, "a request succeeded", now);
        }
    }

    private void Failed(ReplicaRecord record, AttemptOutcome outcome, TimeSpan now)
    {
        record.FailureStreak++;
        record.CleanSince = now;
        record.ProbeUrgent |= outcome.IsConnectionFailure();
        if (outcome == AttemptOutcome.ConnectRefused && record.Setup.IsLocal)
        {
            Gone(record, "connection refused", now);
        }
        else if (record.State is ReplicaState.Ok or ReplicaState.SlowStart or ReplicaState.Suspect
            && (record.FailureStreak >= _settings.FailuresToEject || (record.State == ReplicaState.SlowStart && record.EjectionLevel > 0))
            && TryEject(record, $"{record.FailureStreak} failures in a row, the last one {outcome}", now))
        {
            record.EjectedForConnections = outcome.IsConnectionFailure();
        }
        else if (outcome is AttemptOutcome.ConnectRefused or AttemptOutcome.ConnectFailed && record.State is ReplicaState.Ok or ReplicaState.SlowStart)
        {
            Enter(record, ReplicaState.Suspect, "no connection", now);
        }
    }

    /// <summary>There is proof that it works.</summary>
    private void Progressed(ReplicaRecord record, string proof, TimeSpan now)
    {
        record.LastProgress = now;
        record.FailedProbesInRow = 0;
        record.Refused = false;
        switch (record.State)
        {
            case ReplicaState.Suspect:
                Enter(record, ReplicaState.Ok, proof, now);
                break;
            case ReplicaState.Down:
            // One probe interval of rest, so that a replica that only greets well does not come and go by the second.
            case ReplicaState.Ejected when record.EjectedForConnections && now - record.Since >= _settings.ProbeInterval:
                Enter(record, ReplicaState.SlowStart, proof, now);
                break;
        }
    }

    private void Gone(ReplicaRecord record, string reason, TimeSpan now)
    {
        record.Refused = true;
        record.CleanSince = now;
        Enter(record, ReplicaState.Down, reason, now);
    }

    /// <summary>Ejects it, if that leaves enough of its pool.</summary>
    private bool TryEject(ReplicaRecord record, string reason, TimeSpan now)
    {
        (int members, int ejected) = (0, 0);
        foreach (ReplicaRecord other in _replicas)
        {
            if (other.Setup.Pool == record.Setup.Pool)
            {
                members++;
                ejected += other.State == ReplicaState.Ejected ? 1 : 0;
            }
        }

        // One may go from any pool that has another; the share decides about the rest.
        int most = members < 2 ? 0 : Math.Max(1, (int)(_settings.MaxEjectedShare * members));
        if (ejected >= most)
        {
            return false;
        }

        record.EjectionLevel++;
        TimeSpan length = _settings.BaseEjection * record.EjectionLevel;
        record.EjectedUntil = now + (length < _settings.MaxEjection ? length : _settings.MaxEjection);
        record.EjectedForConnections = false;
        record.FailureStreak = 0;
        record.Counters.Ejections++;
        record.CleanSince = now;
        Enter(record, ReplicaState.Ejected, reason, now);
        return true;
    }

    /// <summary>Changes that time alone brings.</summary>
    private void Settle(ReplicaRecord record, TimeSpan now)
    {
        bool silent = record.Setup.HasHeartbeat && IsSilent(record, now);
        switch (record.State)
        {
            case ReplicaState.Ok or ReplicaState.SlowStart when silent:
                record.ProbeUrgent = true;
                Enter(record, ReplicaState.Suspect, "no progress", now);
                break;
            case ReplicaState.SlowStart when now - record.Since >= _settings.SlowStart:
                Enter(record, ReplicaState.Ok, "slow start is over", now);
                break;
            case ReplicaState.Ejected when now >= record.EjectedUntil:
                record.Ttft.Clear();
                Enter(record, silent ? ReplicaState.Suspect : ReplicaState.SlowStart, "ejection is over", now);
                break;
            case ReplicaState.Ok when record.EjectionLevel > 0 && now - record.CleanSince >= _settings.BaseEjection:
                record.EjectionLevel--;
                record.CleanSince = now;
                break;
        }
    }

    private void SweepOutliers(TimeSpan now)
    {
        if (now < _nextSweep)
        {
            return;
        }

        _nextSweep = now + SweepInterval;
        foreach (IGrouping<string, ReplicaRecord> pool in _replicas.Where(r => r.State is ReplicaState.Ok).GroupBy(r => r.Setup.Pool).ToArray())
        {
            (ReplicaRecord Record, double Seconds, double Ratio)[] judged = [.. pool
                .Select(record => (Record: record, Summary: record.Ttft.Summarise(now)))
                .Where(entry => entry.Summary.Count >= FewestSamples)
                .Select(entry => (entry.Record, entry.Summary.Seconds, entry.Summary.Ratio))];
            EjectSlow(judged, now);
        }
    }

    private void EjectSlow((ReplicaRecord Record, double Seconds, double Ratio)[] judged, TimeSpan now)
    {
        // Where the router predicts, long prompts and slow devices are measured against their own prediction.
        bool ratios = !judged.Any(entry => double.IsNaN(entry.Ratio));
        foreach ((ReplicaRecord record, double seconds, double ratio) in judged)
        {
            double own = ratios ? ratio : seconds;
            double others = TtftWindow.Median([.. judged.Where(entry => entry.Record != record).Select(entry => ratios ? entry.Ratio : entry.Seconds)]);
            if (seconds > LeastSlowSeconds && own > OutlierFactor * others)
            {
                TryEject(record, $"time to first token {own / others:0.0} times the pool's", now);
            }
        }
    }

    private static void Forgive(ReplicaRecord record, TimeSpan now)
    {
        record.FailureStreak = 0;
        record.EjectionLevel = 0;
        record.FailedProbesInRow = 0;
        record.Refused = false;
        record.CleanSince = now;
        record.LastProgress = now;
        record.Ttft.Clear();
    }

    private void Enter(ReplicaRecord record, ReplicaState state, string reason, TimeSpan now)
    {
        if (record.State == state)
        {
            return;
        }

        ReplicaState before = record.Shown;
        record.State = state;
        record.Since = now;
        if (record.Shown != before)
        {
            changed?.Invoke(new HealthTransition(record.Setup.Id, before, record.Shown, reason, now));
        }
    }
}

using Tiercel.Gateway.Health;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Fleet;

/// <summary>What time alone brings about, looked at a few times a second: probes, queues, standstills, drains, silences towards clients.</summary>
internal sealed class FleetPulse : IDisposable
{
    private static readonly TimeSpan MetricsInterval = TimeSpan.FromSeconds(1);
    private readonly FleetServices _services;
    private readonly ReplicaProbe _probe;
    private readonly MemoryRelief _relief;
    private readonly ITimer _timer;
    private readonly HashSet<int> _scraping = [];
    private TimeSpan _nextMetrics;
    private bool _toldOfLedger;
    private bool _toldOfLog;
    private int _beating;
    private int _toldOfFault;

    public FleetPulse(FleetServices services)
    {
        _services = services;
        _probe = new ReplicaProbe(services);
        _relief = new MemoryRelief(services.Bodies, MemoryRelief.Collect);
        TimeSpan interval = services.Options.PulseInterval;
        _timer = services.Clock.Time.CreateTimer(static pulse => ((FleetPulse)pulse!).Beat(), this, interval, interval);
    }

    /// <summary>One look at everything. A beat that comes while another is not done is left out.</summary>
    public void Beat()
    {
        if (Interlocked.Exchange(ref _beating, 1) == 1)
        {
            return;
        }

        try
        {
            List<(Replica Replica, ProbeKind Kind)> probes = [];
            List<Replica> scrapes = [];
            List<(Attempt Attempt, StreamFailure Reason)> abandoned = [];
            TimeSpan now = _services.Clock.Now;
            lock (_services.Gate)
            {
                _services.State.Health.Advance(now);
                while (_services.State.Health.NextProbe(now) is ProbeOrder order)
                {
                    if (_services.State.Replicas.TryGetValue(order.Replica, out Replica? replica))
                    {
                        probes.Add((replica, order.Kind));
                    }
                }

                if (now >= _nextMetrics)
                {
                    TimeSpan interval = _services.Configuration.Health.ProbeInterval;
                    _nextMetrics = now + (interval < MetricsInterval ? interval : MetricsInterval);
                    scrapes.AddRange(_services.State.Replicas.Values.Where(replica => !replica.IsTiercel && _scraping.Add(replica.Id)));
                }

                _services.State.FindAbandoned(now, abandoned);
            }

            foreach ((Attempt attempt, StreamFailure reason) in abandoned)
            {
                attempt.Abandon(reason);
            }

            foreach ((Replica replica, ProbeKind kind) in probes)
            {
                _ = _probe.RunAsync(replica, kind);
            }

            foreach (Replica replica in scrapes)
            {
                _ = ScrapeAsync(replica);
            }

            _services.Waiting.Pump();
            _relief.Look(now);
            LookAtLedger();
            LookAtLog();
            _services.Streams.Pulse(now, _services.Options.PingInterval, _services.Configuration.Limits.SlowReader);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // On a timer's thread it would end the process, with all its streams. Told once, since it may come again with each beat.
            if (Interlocked.Exchange(ref _toldOfFault, 1) == 0)
            {
                _services.Faulted?.Invoke(fault);
            }
        }
        finally
        {
            Volatile.Write(ref _beating, 0);
        }
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Requests are served all the same, so that nobody would notice.</summary>
    private void LookAtLedger()
    {
        LedgerState ledger = _services.Ledger.State;
        bool isLost = ledger.Health == LedgerHealth.Unavailable;
        if (isLost != _toldOfLedger && _services.Say?.Invoke(isLost
            ? $"the ledger cannot be written ({ledger.Reason}); requests are served, usage waits in memory"
            : "the ledger is written again") == true)
        {
            _toldOfLedger = isLost;
        }
    }

    private void LookAtLog()
    {
        string? reason = _services.Log.Failure;
        if (reason is not null != _toldOfLog && _services.Say?.Invoke(reason is not null
            ? $"the request log cannot be written ({reason}); requests are served, its lines wait in memory and are lost where too many do"
            : $"the request log is written again; {_services.Log.Dropped} lines were lost since the start") == true)
        {
            _toldOfLog = reason is not null;
        }
    }

    private async Task ScrapeAsync(Replica replica)
    {
        await _probe.ReadMetricsAsync(replica);
        lock (_services.Gate)
        {
            _scraping.Remove(replica.Id);
        }
    }
}

using System.Diagnostics.Metrics;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>Gauges that read a snapshot of the fleet when somebody asks. One snapshot serves all gauges of a scrape.</summary>
internal sealed class FleetGauges
{
    private static readonly TimeSpan SnapshotAge = TimeSpan.FromMilliseconds(200);
    private readonly Lock _gate = new();
    private readonly Func<FleetSnapshot?> _take;
    private readonly TimeProvider _time;
    private FleetSnapshot? _snapshot;
    private long _taken;

    public FleetGauges(Meter meter, TimeProvider time, Func<FleetSnapshot?> take)
    {
        _time = time;
        _take = take;
        Add(meter, TelemetryNames.ActiveRequests, fleet => One(fleet.ActiveRequests));
        Add(meter, TelemetryNames.QueueLength, fleet => fleet.Pools.Select(pool => Of(pool.QueueLength, pool)));
        Add(meter, TelemetryNames.QueueBytes, fleet => fleet.Pools.Select(pool => Of(pool.QueueBytes, pool)));
        Add(meter, TelemetryNames.ReplicaUp, fleet => Replicas(fleet, replica => replica.State is "ok" or "slow_start" or "suspect" ? 1 : 0, replica => [new Tag(TelemetryNames.UpstreamKind, replica.Kind)]));
        Add(meter, TelemetryNames.ReplicaState, fleet => Replicas(fleet, _ => 1, replica => [new Tag(TelemetryNames.State, replica.State)]));
        Add(meter, TelemetryNames.ReplicaRunning, fleet => Replicas(fleet, replica => replica.Running));
        Add(meter, TelemetryNames.ReplicaWaiting, fleet => Replicas(fleet, replica => replica.Waiting));
        Add(meter, TelemetryNames.ReplicaCacheHits, fleet => Replicas(fleet, replica => replica.CacheHitShare));
        Add(meter, TelemetryNames.ReplicaPredictedQueue, fleet => Replicas(fleet, replica => replica.PredictedQueueSeconds));
        Add(meter, TelemetryNames.LedgerBuffered, fleet => One(fleet.Ledger.Buffered));
        Add(meter, TelemetryNames.LedgerDegraded, fleet => One(fleet.Ledger.Degraded ? 1 : 0));
        Add(meter, TelemetryNames.ConfigInfo, fleet => [new Measurement<double>(1, new Tag(TelemetryNames.Version, fleet.ConfigVersion))]);
        Add(meter, TelemetryNames.ConfigRejected, fleet => One(fleet.ConfigError is null ? 0 : 1));
    }

    private static IEnumerable<Measurement<double>> One(double value) => [new Measurement<double>(value)];

    private static Measurement<double> Of(double value, PoolSnapshot pool) => new(value, new Tag(TelemetryNames.Pool, pool.Name));

    private static IEnumerable<Measurement<double>> Replicas(FleetSnapshot fleet, Func<ReplicaSnapshot, double?> value, Func<ReplicaSnapshot, Tag[]>? more = null) =>
        from pool in fleet.Pools
        from replica in pool.Replicas
        let known = value(replica)
        where known is not null
        select new Measurement<double>(known.Value, [new Tag(TelemetryNames.Pool, pool.Name), new Tag(TelemetryNames.Upstream, replica.Name), .. more?.Invoke(replica) ?? []]);

    private void Add(Meter meter, MetricName name, Func<FleetSnapshot, IEnumerable<Measurement<double>>> read) =>
        meter.CreateObservableGauge(name.Name, () => Snapshot() is FleetSnapshot fleet ? [.. read(fleet)] : Array.Empty<Measurement<double>>(), name.Unit, name.Description);

    private FleetSnapshot? Snapshot()
    {
        lock (_gate)
        {
            if (_snapshot is null || _time.GetElapsedTime(_taken) > SnapshotAge)
            {
                _snapshot = _take();
                _taken = _time.GetTimestamp();
            }

            return _snapshot;
        }
    }
}

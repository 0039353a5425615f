using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>
/// What the fleet gateway tells of itself: one for each server. A request begins with <see cref="Begin"/>, and the steps of the request path call what it
/// gives. Nothing here waits for anybody, and nothing is allocated for a token.
/// </summary>
internal sealed class FleetTelemetry : IDisposable
{
    /// <summary>The value of <c>gen_ai.provider.name</c> for the gateway itself and for Tiercel workers.</summary>
    public const string Provider = "tiercel";

    private const int MaxTagSets = 8192;
    private const int MaxReplicas = 65_536;
    private const int MaxErrorWords = 64;
    private const int MaxNamedTenants = 1000;
    private const string OtherTenants = "_other";

    private readonly ConcurrentDictionary<(string Operation, string Model, string Pool, string Class), RouteTags> _routes = [];
    private readonly ConcurrentDictionary<(string Operation, string Model, string Pool, string Upstream), UpstreamTags> _upstreams = [];
    private readonly ConcurrentDictionary<string, FlowRates> _replicaRates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TenantFlow> _tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _errorWords = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _refusals = new(StringComparer.Ordinal);
    private readonly Meter _meter;
    private readonly ActivitySource _source;
    private readonly PrometheusExport _prometheus;
    private readonly OtlpExport? _otlp;
    private Func<FleetSnapshot?> _snapshot = () => null;

    /// <param name="time">For the age of snapshots; requests bring their own times.</param>
    /// <param name="otlpInterval">Time between two sendings of metrics; null for that of the settings.</param>
    public FleetTelemetry(TelemetrySettings settings, TimeProvider time, TimeSpan? otlpInterval = null)
    {
        Settings = settings;
        _meter = new Meter(TelemetryNames.Scope, Product.Version);
        _source = new ActivitySource(TelemetryNames.Scope, Product.Version);
        _prometheus = new PrometheusExport(_meter);
        Instruments = new FleetInstruments(_meter);
        _ = new FleetGauges(_meter, time, () => _snapshot());
        _otlp = settings.OtlpEndpoint is Uri endpoint ? new OtlpExport(endpoint, _meter, _source, () => Settings.TraceShare, otlpInterval ?? settings.OtlpInterval) : null;
    }

    /// <summary>The share of traces and the capture of content follow it at once; where to send to is taken at the start only.</summary>
    public TelemetrySettings Settings { get; private set; }

    public FleetInstruments Instruments { get; }

    /// <summary>Refusals since the start, by reason.</summary>
    public IReadOnlyDictionary<string, long> RefusalCounts => _refusals;

    /// <summary>A new configuration is in force, or one was refused.</summary>
    /// <param name="settings">Its part; null where it was refused.</param>
    public void ConfigurationLoaded(TelemetrySettings? settings)
    {
        Settings = settings ?? Settings;
        Instruments.ConfigLoads.Add(1, new Tag(TelemetryNames.Outcome, settings is null ? "rejected" : "taken"));
    }

    /// <summary>Where gauges look.</summary>
    public void Observe(Func<FleetSnapshot?> snapshot) => _snapshot = snapshot;

    /// <summary>A request came in.</summary>
    /// <param name="operation"><c>chat</c>, <c>text_completion</c> or <c>embeddings</c>.</param>
    /// <param name="traceParent">The client's header, checked here; null where it has none.</param>
    public RequestTelemetry Begin(string operation, string? traceParent, string? traceState, TimeSpan now) =>
        new(this, _source, operation, TraceContext.Read(traceParent, traceState), now);

    /// <summary>An answer of any path was sent.</summary>
    /// <param name="path">One of those that are served, or <c>unknown</c>.</param>
    public void Answered(string path, int status) =>
        Instruments.HttpAnswers.Add(1, new Tag(TelemetryNames.HttpRoute, path), new Tag(TelemetryNames.StatusCode, status));

    /// <summary>A replica's state changed.</summary>
    public void Transition(in HealthTransition transition, string pool, string upstream)
    {
        if (transition.To == ReplicaState.Ejected)
        {
            Instruments.Ejections.Add(1, new Tag(TelemetryNames.Pool, pool), new Tag(TelemetryNames.Upstream, upstream));
        }
    }

    /// <summary>What flowed through a replica, for the snapshot.</summary>
    public FlowView OfReplica(string upstream, TimeSpan now) => _replicaRates.TryGetValue(upstream, out FlowRates? rates) ? rates.View(now) : default;

    /// <summary>What a tenant asked for, for the snapshot.</summary>
    public FlowView OfTenant(string tenant, TimeSpan now) => _tenants.TryGetValue(tenant, out TenantFlow? flow) ? flow.Rates.View(now) : default;

    /// <summary>Writes the text of <c>/metrics</c>.</summary>
    public void WritePrometheus(IBufferWriter<byte> output) => _prometheus.Write(output);

    public void Dispose()
    {
        _otlp?.Dispose();
        _prometheus.Dispose();
        _source.Dispose();
        _meter.Dispose();
    }

    /// <summary>Tenants that were seen, with their names in metrics.</summary>
    internal IEnumerable<string> TenantNames => _tenants.Keys;

    /// <summary>Most errors are words of ours; those of upstreams become labels only while they are few and look like words.</summary>
    internal string ErrorWord(string error)
    {
        if (_errorWords.ContainsKey(error))
        {
            return error;
        }

        bool isWord = error.Length <= 48 && error.Length > 0 && error.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.');
        return isWord && _errorWords.Count < MaxErrorWords && _errorWords.TryAdd(error, true) ? error : "_other";
    }

    internal RouteTags Route(string operation, string model, string pool, string serviceClass)
    {
        (string, string, string, string) key = (operation, model, pool, serviceClass);
        return _routes.TryGetValue(key, out RouteTags? tags) ? tags : Bounded(_routes, MaxTagSets).GetOrAdd(key, new RouteTags(operation, model, pool, serviceClass));
    }

    internal UpstreamTags UpstreamOf(string operation, string model, string pool, UpstreamSettings upstream)
    {
        (string, string, string, string) key = (operation, model, pool, upstream.Name);
        string provider = upstream.Kind == UpstreamKind.OpenAI ? "openai" : Provider;
        return _upstreams.TryGetValue(key, out UpstreamTags? tags)
            ? tags
            : Bounded(_upstreams, MaxTagSets).GetOrAdd(key, new UpstreamTags(operation, model, pool, upstream.Name, provider));
    }

    internal FlowRates ReplicaRates(string upstream) =>
        _replicaRates.TryGetValue(upstream, out FlowRates? rates) ? rates : Bounded(_replicaRates, MaxReplicas).GetOrAdd(upstream, new FlowRates());

    /// <summary>Beyond a thousand tenants the others share one name in metrics; the ledger has them all.</summary>
    internal TenantFlow Tenant(string tenant) =>
        _tenants.TryGetValue(tenant, out TenantFlow? flow) ? flow
        : _tenants.Count < MaxNamedTenants ? _tenants.GetOrAdd(tenant, name => new TenantFlow(name))
        : _tenants.GetOrAdd(OtherTenants, name => new TenantFlow(name));

    internal void Refused(RouteTags? tags, string reason)
    {
        _refusals.AddOrUpdate(reason, 1, (_, count) => count + 1);
        Instruments.Refusals.Add(1, tags is null ? [new Tag(TelemetryNames.Reason, reason)] : tags.Class.With(TelemetryNames.Reason, reason));
    }

    /// <summary>Names come from the configuration, so that they are few; reloads without end could still gather them.</summary>
    private static ConcurrentDictionary<TKey, TValue> Bounded<TKey, TValue>(ConcurrentDictionary<TKey, TValue> cache, int max)
        where TKey : notnull
    {
        if (cache.Count >= max)
        {
            cache.Clear();
        }

        return cache;
    }
}

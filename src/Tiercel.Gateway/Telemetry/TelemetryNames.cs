namespace Tiercel.Gateway.Telemetry;

/// <summary>
/// Every name that telemetry uses. Those of OpenTelemetry for generative AI are as of <see cref="ConventionsVersion"/>; they are still in development and
/// have changed before, so nothing else in the code spells one.
/// </summary>
internal static class TelemetryNames
{
    /// <summary>The last version of the conventions before they moved to a repository of their own, May 2026.</summary>
    public const string ConventionsVersion = "semantic-conventions 1.41.0 (GenAI, development)";

    /// <summary>Name of the meter and of the source of spans.</summary>
    public const string Scope = "Tiercel.Gateway";

    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestStream = "gen_ai.request.stream";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string TimeToFirstChunk = "gen_ai.response.time_to_first_chunk";
    public const string InputMessages = "gen_ai.input.messages";
    public const string OutputMessages = "gen_ai.output.messages";
    public const string TokenType = "gen_ai.token.type";
    public const string ServerAddress = "server.address";
    public const string ErrorType = "error.type";
    public const string StatusCode = "http.response.status_code";

    public const string HttpRoute = "http.route";

    public const string Pool = "tiercel.pool";
    public const string Upstream = "tiercel.upstream";
    public const string UpstreamKind = "tiercel.upstream.kind";
    public const string Tenant = "tiercel.tenant";
    public const string ServiceClass = "tiercel.class";
    public const string Outcome = "tiercel.outcome";
    public const string Reason = "tiercel.reason";
    public const string Policy = "tiercel.policy";
    public const string Kind = "tiercel.kind";
    public const string State = "tiercel.state";
    public const string Version = "tiercel.version";
    public const string QueuedSeconds = "tiercel.queued_seconds";
    public const string Tries = "tiercel.tries";

    /// <summary>Bytes of a prompt or an answer that are not in its span, where any are missing.</summary>
    public const string InputCutBytes = "tiercel.input.cut_bytes";
    public const string OutputCutBytes = "tiercel.output.cut_bytes";

    /// <summary>Spans below a request's own, which is called by its operation and model.</summary>
    public const string AdmitSpan = "tiercel.admit";
    public const string RouteSpan = "tiercel.route";

    private static readonly double[] OperationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    public static readonly MetricName RequestDuration = new(
        "gen_ai.server.request.duration", MetricKind.Histogram, "s", "Time from a request's arrival to the end of its answer.",
        OperationName, ProviderName, RequestModel, Pool, ServiceClass, ErrorType)
    {
        Bounds = OperationBounds,
    };

    public static readonly MetricName FirstToken = new(
        "gen_ai.server.time_to_first_token", MetricKind.Histogram, "s", "Time from a request's arrival to the first token of its answer.",
        OperationName, ProviderName, RequestModel, Pool, ServiceClass)
    {
        Bounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    public static readonly MetricName TimePerToken = new(
        "gen_ai.server.time_per_output_token", MetricKind.Histogram, "s", "Mean time of an output token after the first, of each request.",
        OperationName, ProviderName, RequestModel, Pool, ServiceClass)
    {
        Bounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
    };

    public static readonly MetricName AttemptDuration = new(
        "gen_ai.client.operation.duration", MetricKind.Histogram, "s", "Time of one attempt on an upstream.",
        OperationName, ProviderName, RequestModel, Pool, Upstream, ErrorType)
    {
        Bounds = OperationBounds,
    };

    public static readonly MetricName AttemptFirstChunk = new(
        "gen_ai.client.operation.time_to_first_chunk", MetricKind.Histogram, "s", "Time from an attempt's beginning to the first token from the upstream.",
        OperationName, ProviderName, RequestModel, Pool, Upstream)
    {
        Bounds = OperationBounds,
    };

    public static readonly MetricName TokenUsage = new(
        "gen_ai.client.token.usage", MetricKind.Histogram, "{token}", "Tokens of a request, as the upstream counted them.",
        OperationName, ProviderName, RequestModel, Pool, Upstream, TokenType)
    {
        Bounds = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
    };

    public static readonly MetricName Requests = Counter("tiercel.gateway.requests", "{request}", "Requests by how they ended.", OperationName, RequestModel, Pool, ServiceClass, Outcome);

    public static readonly MetricName TenantTokens = Counter("tiercel.gateway.tenant.tokens", "{token}", "Tokens by tenant; cached ones are part of the input.", Tenant, TokenType);

    public static readonly MetricName TenantRequests = Counter("tiercel.gateway.tenant.requests", "{request}", "Requests by tenant and how they ended.", Tenant, Outcome);

    public static readonly MetricName QueueTime = new(
        "tiercel.gateway.queue.time", MetricKind.Histogram, "s", "Time that admitted requests waited in the gateway.", Pool, ServiceClass)
    {
        Bounds = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60],
    };

    public static readonly MetricName RoutingDecisions = Counter("tiercel.gateway.routing.decisions", "{decision}", "Choices of a replica by what decided.", Pool, Policy, Reason);

    public static readonly MetricName Refusals = Counter("tiercel.gateway.refusals", "{request}", "Requests refused before any engine saw them, by reason.", Pool, ServiceClass, Reason);

    public static readonly MetricName Attempts = Counter("tiercel.gateway.attempts", "{attempt}", "Attempts on upstreams by how they ended.", Pool, Upstream, Outcome);

    public static readonly MetricName Retries = Counter("tiercel.gateway.retries", "{retry}", "Requests sent again before their first byte.", Pool, Reason);

    public static readonly MetricName Resumes = Counter("tiercel.gateway.resumes", "{resume}", "Running streams that were continued elsewhere, by how and why.", Pool, Kind, Reason);

    public static readonly MetricName Ejections = Counter("tiercel.gateway.ejections", "{ejection}", "Times that an upstream was left alone.", Pool, Upstream);

    public static readonly MetricName ConfigLoads = Counter("tiercel.gateway.config.loads", "{load}", "Configuration files that were read, by whether they were taken.", Outcome);

    public static readonly MetricName HttpAnswers = Counter("tiercel.gateway.http.answers", "{answer}", "Answers of all paths by HTTP status.", HttpRoute, StatusCode);

    public static readonly MetricName ActiveRequests = Gauge("tiercel.gateway.requests.active", "{request}", "Requests that the gateway is working on.");

    public static readonly MetricName QueueLength = Gauge("tiercel.gateway.queue.length", "{request}", "Requests that wait in the gateway.", Pool);

    public static readonly MetricName QueueBytes = Gauge("tiercel.gateway.queue.size", "By", "Bytes of the bodies that wait in the gateway.", Pool);

    public static readonly MetricName ReplicaUp = Gauge("tiercel.replica.up", "{replica}", "1 while requests may go to the replica, 0 while it is ejected, draining or down.", Pool, Upstream, UpstreamKind);

    public static readonly MetricName ReplicaState = Gauge("tiercel.replica.state", "{replica}", "1 for the state that the replica is in.", Pool, Upstream, State);

    public static readonly MetricName ReplicaRunning = Gauge("tiercel.replica.running", "{request}", "Requests that the replica works on.", Pool, Upstream);

    public static readonly MetricName ReplicaWaiting = Gauge("tiercel.replica.waiting", "{request}", "Requests that wait in the replica.", Pool, Upstream);

    public static readonly MetricName ReplicaCacheHits = Gauge("tiercel.replica.cache.hits", "1", "Share of prompt tokens that came from the replica's cache, over about a minute.", Pool, Upstream);

    public static readonly MetricName ReplicaPredictedQueue = Gauge("tiercel.replica.predicted.queue", "s", "How long a request that comes now would wait in the replica.", Pool, Upstream);

    public static readonly MetricName LedgerBuffered = Gauge("tiercel.ledger.buffered", "{record}", "Usage records that wait for the disk.");

    public static readonly MetricName LedgerDegraded = Gauge("tiercel.ledger.degraded", "{state}", "1 while usage is kept in memory because the store cannot be written.");

    public static readonly MetricName ConfigInfo = Gauge("tiercel.gateway.config.info", "{config}", "1; the label tells which configuration is in force.", Version);

    public static readonly MetricName ConfigRejected = Gauge("tiercel.gateway.config.rejected", "{config}", "1 while the file as it is now is not in force.");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<MetricName> All { get; } =
    [
        RequestDuration, FirstToken, TimePerToken, AttemptDuration, AttemptFirstChunk, TokenUsage,
        Requests, TenantTokens, TenantRequests, QueueTime, RoutingDecisions, Refusals, Attempts, Retries, Resumes, Ejections, ConfigLoads, HttpAnswers,
        ActiveRequests, QueueLength, QueueBytes, ReplicaUp, ReplicaState, ReplicaRunning, ReplicaWaiting, ReplicaCacheHits, ReplicaPredictedQueue,
        LedgerBuffered, LedgerDegraded, ConfigInfo, ConfigRejected,
    ];

    private static MetricName Counter(string name, string unit, string description, params string[] attributes) => new(name, MetricKind.Counter, unit, description, attributes);

    private static MetricName Gauge(string name, string unit, string description, params string[] attributes) => new(name, MetricKind.Gauge, unit, description, attributes);
}

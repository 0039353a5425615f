using System.Diagnostics.Metrics;

namespace Tiercel.Gateway.Telemetry;

/// <summary>The instruments of one gateway, made from the table.</summary>
internal sealed class FleetInstruments
{
    public FleetInstruments(Meter meter)
    {
        Histogram<double> Histogram(MetricName name) => meter.CreateHistogram(
            name.Name, name.Unit, name.Description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = name.Bounds });
        Counter<long> Counter(MetricName name) => meter.CreateCounter<long>(name.Name, name.Unit, name.Description);

        RequestDuration = Histogram(TelemetryNames.RequestDuration);
        FirstToken = Histogram(TelemetryNames.FirstToken);
        TimePerToken = Histogram(TelemetryNames.TimePerToken);
        AttemptDuration = Histogram(TelemetryNames.AttemptDuration);
        AttemptFirstChunk = Histogram(TelemetryNames.AttemptFirstChunk);
        TokenUsage = Histogram(TelemetryNames.TokenUsage);
        QueueTime = Histogram(TelemetryNames.QueueTime);
        Requests = Counter(TelemetryNames.Requests);
        TenantTokens = Counter(TelemetryNames.TenantTokens);
        TenantRequests = Counter(TelemetryNames.TenantRequests);
        RoutingDecisions = Counter(TelemetryNames.RoutingDecisions);
        Refusals = Counter(TelemetryNames.Refusals);
        Attempts = Counter(TelemetryNames.Attempts);
        Retries = Counter(TelemetryNames.Retries);
        Resumes = Counter(TelemetryNames.Resumes);
        Ejections = Counter(TelemetryNames.Ejections);
        ConfigLoads = Counter(TelemetryNames.ConfigLoads);
        HttpAnswers = Counter(TelemetryNames.HttpAnswers);
    }

    public Histogram<double> RequestDuration { get; }

    public Histogram<double> FirstToken { get; }

    public Histogram<double> TimePerToken { get; }

    public Histogram<double> AttemptDuration { get; }

    public Histogram<double> AttemptFirstChunk { get; }

    public Histogram<double> TokenUsage { get; }

    public Histogram<double> QueueTime { get; }

    public Counter<long> Requests { get; }

    public Counter<long> TenantTokens { get; }

    public Counter<long> TenantRequests { get; }

    public Counter<long> RoutingDecisions { get; }

    public Counter<long> Refusals { get; }

    public Counter<long> Attempts { get; }

    public Counter<long> Retries { get; }

    public Counter<long> Resumes { get; }

    public Counter<long> Ejections { get; }

    public Counter<long> ConfigLoads { get; }

    public Counter<long> HttpAnswers { get; }
}

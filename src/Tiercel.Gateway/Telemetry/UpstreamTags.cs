using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>The attributes of all attempts of one operation and model on one upstream.</summary>
internal sealed class UpstreamTags(string operation, string model, string pool, string upstream, string provider)
{
    public string SpanName { get; } = $"{operation} {model}";

    public TagSet Client { get; } = new(
        new Tag(TelemetryNames.OperationName, operation),
        new Tag(TelemetryNames.ProviderName, provider),
        new Tag(TelemetryNames.RequestModel, model),
        new Tag(TelemetryNames.Pool, pool),
        new Tag(TelemetryNames.Upstream, upstream));

    public TagSet Upstream { get; } = new(new Tag(TelemetryNames.Pool, pool), new Tag(TelemetryNames.Upstream, upstream));
}

using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>The attributes of all requests of one operation, model, pool and class.</summary>
internal sealed class RouteTags(string operation, string model, string pool, string serviceClass)
{
    public string SpanName { get; } = $"{operation} {model}";

    /// <summary>For the conventions' own metrics.</summary>
    public TagSet Server { get; } = new(
        new Tag(TelemetryNames.OperationName, operation),
        new Tag(TelemetryNames.ProviderName, FleetTelemetry.Provider),
        new Tag(TelemetryNames.RequestModel, model),
        new Tag(TelemetryNames.Pool, pool),
        new Tag(TelemetryNames.ServiceClass, serviceClass));

    public TagSet Requests { get; } = new(
        new Tag(TelemetryNames.OperationName, operation),
        new Tag(TelemetryNames.RequestModel, model),
        new Tag(TelemetryNames.Pool, pool),
        new Tag(TelemetryNames.ServiceClass, serviceClass));

    public TagSet Class { get; } = new(new Tag(TelemetryNames.Pool, pool), new Tag(TelemetryNames.ServiceClass, serviceClass));

    public TagSet Pool { get; } = new(new Tag(TelemetryNames.Pool, pool));
}

namespace Tiercel.Gateway.Configuration;

/// <summary>What is told to the outside.</summary>
public sealed record TelemetrySettings
{
    /// <summary>OTLP endpoint; null for none.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Time between two sendings of metrics.</summary>
    public TimeSpan OtlpInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Asked of whoever reads <c>/metrics</c>; null for nobody.</summary>
    public Secret? MetricsKey { get; init; }

    /// <summary>Share of requests that are traced.</summary>
    public double TraceShare { get; init; } = 0.01;

    /// <summary>Whether prompts and answers are part of traces.</summary>
    public bool CaptureContent { get; init; }

    /// <summary>File of a JSON line for each request; null for none.</summary>
    public string? RequestLog { get; init; }
}

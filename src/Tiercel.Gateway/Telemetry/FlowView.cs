namespace Tiercel.Gateway.Telemetry;

/// <summary>Rates over the last ten seconds, shares and quantiles over about a minute; null for what nothing is known of.</summary>
internal readonly record struct FlowView(
    double RequestsPerSecond,
    double InputTokensPerSecond,
    double OutputTokensPerSecond,
    double? CacheHitShare,
    double? TtftP50Seconds,
    double? TtftP90Seconds);

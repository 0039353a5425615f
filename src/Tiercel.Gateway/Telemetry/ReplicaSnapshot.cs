namespace Tiercel.Gateway.Telemetry;

/// <summary>A replica at one moment; null for what is not known.</summary>
public sealed record ReplicaSnapshot
{
    public required string Name { get; init; }

    /// <summary><c>tiercel</c>, <c>openai</c> or <c>embedded</c>.</summary>
    public string Kind { get; init; } = "";

    /// <summary><c>ok</c>, <c>slow_start</c>, <c>suspect</c>, <c>ejected</c>, <c>draining</c> or <c>down</c>.</summary>
    public string State { get; init; } = "ok";

    /// <summary>Requests that it works on.</summary>
    public int Running { get; init; }

    /// <summary>Requests that wait in it.</summary>
    public int Waiting { get; init; }

    /// <summary>Over the last ten seconds.</summary>
    public double InputTokensPerSecond { get; init; }

    /// <summary>Over the last ten seconds.</summary>
    public double OutputTokensPerSecond { get; init; }

    /// <summary>Over about the last minute.</summary>
    public double? TtftP50Seconds { get; init; }

    public double? TtftP90Seconds { get; init; }

    /// <summary>Share of prompt tokens that came from its cache, over about the last minute.</summary>
    public double? CacheHitShare { get; init; }

    /// <summary>How long a request that comes now would wait in it.</summary>
    public double? PredictedQueueSeconds { get; init; }
}

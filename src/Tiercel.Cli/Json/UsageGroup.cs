namespace Tiercel.Cli.Json;

/// <summary>Usage of one group. What the report is not grouped by is null.</summary>
internal sealed record UsageGroup
{
    public string? Tenant { get; init; }

    public string? Key { get; init; }

    public string? Model { get; init; }

    public string? Day { get; init; }

    public required long Requests { get; init; }

    /// <summary>Requests that are known only as sums.</summary>
    public required long SummedRequests { get; init; }

    public required long FailedRequests { get; init; }

    public required long PromptTokens { get; init; }

    public required long CachedTokens { get; init; }

    public required long CompletionTokens { get; init; }

    public required decimal Cost { get; init; }

    public required double EngineSeconds { get; init; }
}

namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel usage --json</c> prints.</summary>
internal sealed record UsageReport
{
    public required IReadOnlyList<string> By { get; init; }

    /// <summary>First day, UTC; null for the beginning.</summary>
    public required string? Since { get; init; }

    /// <summary>Last day, UTC; null for the end.</summary>
    public required string? Until { get; init; }

    public required IReadOnlyList<UsageGroup> Groups { get; init; }

    public required UsageGroup Total { get; init; }
}

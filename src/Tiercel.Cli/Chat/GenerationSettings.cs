using Tiercel.Engine.Sampling;

namespace Tiercel.Cli.Chat;

/// <summary>What a conversation in the terminal is generated with; <c>/set</c> changes it.</summary>
internal sealed record GenerationSettings
{
    /// <summary>A little below the API's default of 1: a person wants sense more than variety.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 0.7f, MinP = 0.05f };

    /// <summary>Null draws one a turn.</summary>
    public ulong? Seed { get; init; }

    public int? MaxTokens { get; init; }

    public string? System { get; init; }

    public IReadOnlyList<string> StopStrings { get; init; } = [];
}

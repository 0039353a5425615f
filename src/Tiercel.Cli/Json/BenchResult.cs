namespace Tiercel.Cli.Json;

/// <summary>One line of <c>tiercel bench</c>.</summary>
/// <param name="Test"><c>prefill</c>, <c>decode</c> or <c>streams</c>.</param>
/// <param name="Streams">Requests at one time.</param>
/// <param name="PromptTokens">Tokens of each prompt: what prefill reads, and the context that the others begin with.</param>
/// <param name="TokensPerSecond">Prompt tokens of prefill; output tokens of the others, over all streams.</param>
/// <param name="Lowest">Of the repetitions.</param>
/// <param name="Highest">Of the repetitions.</param>
/// <param name="Limit"><c>read_bandwidth</c>, <c>integer_peak</c>, or null where neither alone is the limit.</param>
/// <param name="LimitUse">Share of that limit, from 0 to 1.</param>
internal sealed record BenchResult(
    string Test, int Streams, int PromptTokens, double TokensPerSecond, double Lowest, double Highest, string? Limit, double? LimitUse);

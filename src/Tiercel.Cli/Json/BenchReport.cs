namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel bench</c> measured; rates are in tokens a second, the median of the repetitions.</summary>
internal sealed record BenchReport(
    string Model,
    string WeightType,
    long Parameters,
    string KernelPath,
    int Threads,
    int PromptTokens,
    int OutputTokens,
    int Repetitions,
    IReadOnlyList<BenchResult> Results);

namespace Tiercel.Cli.Benchmarks;

/// <summary>What to measure.</summary>
internal sealed record BenchPlan(int PromptTokens, int OutputTokens, IReadOnlyList<int> Streams, int Repetitions);

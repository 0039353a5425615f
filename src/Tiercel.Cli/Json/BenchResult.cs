namespace Tiercel.Cli.Json;

/// <summary>One line of <c>tiercel bench</c>.</summary>
/// <param name="Test"><c>prefill</c>, <c>decode</c> or <c>streams</c>.</param>
/// <param name="Streams">Requests at one time.</param>
/// <param name="TokensPerSecond">Prompt tokens of prefill; output tokens of the others, over all streams.</param>
/// <param name="Lowest">Of the repetitions.</param>
/// <param name="Highest">Of the repetitions.</param>
internal sealed record BenchResult(string Test, int Streams, double TokensPerSecond, double Lowest, double Highest);

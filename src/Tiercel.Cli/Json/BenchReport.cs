namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel bench</c> measured; rates are in tokens a second, the median of the repetitions.</summary>
/// <param name="ReadBytesPerSecond">What the threads read from memory together: the limit of decoding.</param>
/// <param name="IntegerOperationsPerSecond">8-bit multiplications and additions of the threads together: the limit of prompts.</param>
/// <param name="LoadSeconds">From opening the file to the first token after a prompt of eight.</param>
internal sealed record BenchReport(
    string Model,
    string WeightType,
    long Parameters,
    string KernelPath,
    int Threads,
    double ReadBytesPerSecond,
    double IntegerOperationsPerSecond,
    double LoadSeconds,
    int OutputTokens,
    int Repetitions,
    IReadOnlyList<BenchResult> Results);

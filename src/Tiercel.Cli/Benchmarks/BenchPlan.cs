namespace Tiercel.Cli.Benchmarks;

/// <summary>What to measure.</summary>
/// <param name="Prompts">Lengths of prompts to read, in tokens.</param>
/// <param name="Contexts">Tokens of context to decode one stream at.</param>
/// <param name="Streams">Numbers of requests at one time.</param>
/// <param name="OutputTokens">Tokens to decode; of many streams, by each while all run.</param>
/// <param name="Repetitions">Runs of each test.</param>
internal sealed record BenchPlan(IReadOnlyList<int> Prompts, IReadOnlyList<int> Contexts, IReadOnlyList<int> Streams, int OutputTokens, int Repetitions)
{
    /// <summary>What the default is where nothing else is asked for: the rows that Tiercel itself is judged by.</summary>
    public static BenchPlan Default { get; } = new([512, 2048], [128, 1024], [8, 16, 32], 64, 3);

    /// <summary>The tests that a context has room for.</summary>
    public BenchPlan Within(int contextLength) => this with
    {
        Prompts = [.. Prompts.Where(tokens => tokens + 1 <= contextLength)],
        Contexts = [.. Contexts.Where(tokens => tokens + OutputTokens + 1 <= contextLength)],
    };

    /// <summary>Names of the tests that are in this plan and not in the other.</summary>
    public IReadOnlyList<string> Without(BenchPlan other) =>
        [.. Prompts.Except(other.Prompts).Select(tokens => $"prefill {tokens}"), .. Contexts.Except(other.Contexts).Select(tokens => $"decode at {tokens}")];
}

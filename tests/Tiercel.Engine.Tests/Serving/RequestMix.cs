using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>
/// Draws requests of many kinds from a seed: shared and private beginnings, greedy and sampled, one choice and several, with and without
/// probabilities.
/// </summary>
internal sealed class RequestMix
{
    private readonly Random _random;
    private readonly int _vocabulary;
    private readonly int _context;
    private readonly List<int[]> _stems;
    private int _drawn;

    public RequestMix(int seed, int vocabulary, int context)
    {
        _random = new Random(seed);
        (_vocabulary, _context) = (vocabulary, context);
        _stems = [.. Enumerable.Range(0, 3).Select(_ => Tokens(context / 2))];
    }

    /// <summary>The next request. It ends by itself, at the latest with the context.</summary>
    public GenerationRequest Next(int maxPrompt, int maxTokens) => new()
    {
        Id = $"r{_drawn++}",
        Prompt = Prompt(Math.Min(maxPrompt, _context - 1)),
        MaxTokens = _random.Next(1, maxTokens + 1),
        Choices = _random.Next(5) == 0 ? _random.Next(2, 4) : 1,
        Sampling = Sampling(),
        StopStrings = _random.Next(6) == 0 ? ["ea"] : [],
        PromptLogprobs = _random.Next(8) == 0 ? 1 : null,
        CacheSalt = _random.Next(2) == 0 ? "a" : "b",
        Priority = _random.Next(-1, 2),
    };

    /// <summary>
    /// Four choices from a prompt of 100 tokens, 60 tokens each: they share 3 blocks of 32 and grow by 2 each, so that 8 blocks do not
    /// suffice.
    /// </summary>
    public GenerationRequest FourBranches() => new()
    {
        Id = $"r{_drawn++}",
        Prompt = Tokens(100),
        MaxTokens = 60,
        Choices = 4,
        Sampling = new SamplingOptions { Temperature = 1.5f, Seed = (ulong)_random.NextInt64(), IgnoreEos = true, Logprobs = 0 },
    };

    public EmbeddingRequest NextEmbedding(int maxPrompt) => new() { Id = $"e{_drawn++}", Prompt = Tokens(_random.Next(1, maxPrompt + 1)) };

    private int[] Prompt(int longest)
    {
        int[] prompt = Tokens(_random.Next(1, longest + 1));
        int[] stem = _stems[_random.Next(_stems.Count)];
        int shared = _random.Next(Math.Min(stem.Length, prompt.Length) + 1);
        stem.AsSpan(0, shared).CopyTo(prompt);
        return prompt;
    }

    private SamplingOptions Sampling()
    {
        bool greedy = _random.Next(3) == 0;
        return new SamplingOptions
        {
            Temperature = greedy ? 0 : 0.5f + _random.NextSingle(),
            TopK = _random.Next(3) == 0 ? 20 : 0,
            TopP = _random.Next(3) == 0 ? 0.9f : 1,
            MinP = _random.Next(4) == 0 ? 0.02f : 0,
            RepetitionPenalty = _random.Next(4) == 0 ? 1.2f : 1,
            PresencePenalty = _random.Next(4) == 0 ? 0.5f : 0,
            Seed = (ulong)_random.NextInt64(),
            Logprobs = _random.Next(2) == 0 ? 2 : null,
            IgnoreEos = _random.Next(4) != 0,
        };
    }

    private int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.Next(_vocabulary))];
}

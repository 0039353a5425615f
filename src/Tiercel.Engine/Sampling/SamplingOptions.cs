namespace Tiercel.Engine.Sampling;

/// <summary>How the next token is chosen. The defaults are OpenAI's: plain sampling at temperature 1.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 (and anything below 1e-5) is greedy; at most 100.</summary>
    public float Temperature { get; init; } = 1f;

    /// <summary>Keep the k likeliest; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep the smallest set whose probability reaches this; in (0, 1].</summary>
    public float TopP { get; init; } = 1f;

    /// <summary>Keep tokens with at least this share of the likeliest one's probability; in [0, 1].</summary>
    public float MinP { get; init; }

    /// <summary>Locally typical sampling: keep the most typical set that reaches this; in (0, 1].</summary>
    public float TypicalP { get; init; } = 1f;

    /// <summary>Divides positive and multiplies negative logits of tokens seen in prompt or output; 1 is off; in [0.01, 100].</summary>
    public float RepetitionPenalty { get; init; } = 1f;

    /// <summary>Subtracted once from the logit of each token of the output; in [-2, 2].</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted for each occurrence in the output; in [-2, 2].</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>DRY: strength of the penalty on continuing a repeated suffix; 0 is off.</summary>
    public float DryMultiplier { get; init; }

    public float DryBase { get; init; } = 1.75f;

    /// <summary>Repeats up to this long are free.</summary>
    public int DryAllowedLength { get; init; } = 2;

    /// <summary>How many last tokens DRY looks at; 0 means all.</summary>
    public int DryWindow { get; init; }

    /// <summary>Tokens that end a repeat (new lines, quotes).</summary>
    public IReadOnlyList<int> DryBreakers { get; init; } = [];

    /// <summary>Added to the logit of a token before the penalties; in [-100, 100].</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>The same seed, prompt and options give the same output. The edge draws one where the client gave none.</summary>
    public ulong Seed { get; init; }

    /// <summary>When not null, log probabilities are reported with this many alternatives, 0 to 20.</summary>
    public int? Logprobs { get; init; }

    /// <summary>End and stop tokens are impossible before this many output tokens.</summary>
    public int MinTokens { get; init; }

    /// <summary>The model's end tokens do not end the output.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Tokens that end the output, besides the model's own.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    public SamplingOrder Order { get; init; }
}

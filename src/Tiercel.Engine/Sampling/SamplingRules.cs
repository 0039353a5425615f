namespace Tiercel.Engine.Sampling;

/// <summary>The ranges of the sampling options. Comparisons are written so that NaN fails them.</summary>
internal static class SamplingRules
{
    private const int MaxStopTokens = 256;
    private const int MaxBreakers = 1024;

    public static EngineError? Check(SamplingOptions options, int vocabularySize) =>
        Between(options.Temperature, 0, 100, "temperature")
        ?? AtLeast(options.TopK, 0, "top_k")
        ?? Share(options.TopP, "top_p")
        ?? Between(options.MinP, 0, 1, "min_p")
        ?? Share(options.TypicalP, "typical_p")
        ?? Between(options.RepetitionPenalty, 0.01f, 100, "repetition_penalty")
        ?? Between(options.PresencePenalty, -2, 2, "presence_penalty")
        ?? Between(options.FrequencyPenalty, -2, 2, "frequency_penalty")
        ?? Between(options.DryMultiplier, 0, 100, "dry_multiplier")
        ?? Between(options.DryBase, 1, 100, "dry_base")
        ?? AtLeast(options.DryAllowedLength, 1, "dry_allowed_length")
        ?? AtLeast(options.DryWindow, 0, "dry_window")
        ?? Tokens(options.DryBreakers, MaxBreakers, vocabularySize, "dry_breakers")
        ?? Biases(options.LogitBias, vocabularySize)
        ?? Alternatives(options.Logprobs)
        ?? AtLeast(options.MinTokens, 0, "min_tokens")
        ?? Tokens(options.StopTokens, MaxStopTokens, vocabularySize, "stop_token_ids")
        ?? (Enum.IsDefined(options.Order) ? null : Refuse("sampling_order", "must be a known order"));

    private static EngineError? Between(float value, float low, float high, string name) =>
        value >= low && value <= high ? null : Refuse(name, FormattableString.Invariant($"must be between {low} and {high}, got {value}"));

    private static EngineError? Share(float value, string name) =>
        value > 0 && value <= 1 ? null : Refuse(name, FormattableString.Invariant($"must be above 0 and at most 1, got {value}"));

    private static EngineError? AtLeast(int value, int low, string name) =>
        value >= low ? null : Refuse(name, FormattableString.Invariant($"must be at least {low}, got {value}"));

    private static EngineError? Alternatives(int? value) =>
        value is null or (>= 0 and <= TokenReport.MaxAlternatives)
            ? null
            : Refuse("top_logprobs", FormattableString.Invariant($"must be between 0 and {TokenReport.MaxAlternatives}, got {value}"));

    private static EngineError? Tokens(IReadOnlyList<int> tokens, int most, int vocabularySize, string name)
    {
        if (tokens.Count > most)
        {
            return Refuse(name, FormattableString.Invariant($"may hold at most {most} tokens, got {tokens.Count}"));
        }

        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)vocabularySize)
            {
                return Refuse(name, NotInVocabulary(token, vocabularySize));
            }
        }

        return null;
    }

    private static EngineError? Biases(IReadOnlyDictionary<int, float>? biases, int vocabularySize)
    {
        foreach ((int token, float bias) in biases ?? new Dictionary<int, float>())
        {
            if ((uint)token >= (uint)vocabularySize)
            {
                return Refuse("logit_bias", NotInVocabulary(token, vocabularySize));
            }

            if (Between(bias, -100, 100, "logit_bias") is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static string NotInVocabulary(int token, int vocabularySize) =>
        FormattableString.Invariant($"names token {token}, but the model's tokens are 0 to {vocabularySize - 1}");

    private static EngineError Refuse(string name, string what) => new(EngineErrorKind.InvalidRequest, $"{name} {what}", name);
}

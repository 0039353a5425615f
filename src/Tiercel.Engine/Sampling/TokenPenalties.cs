namespace Tiercel.Engine.Sampling;

/// <summary>
/// Repetition, presence and frequency penalties. OpenAI's order: repetition over prompt and output, the other two over the output.
/// llama.cpp's: all three over the last 64 tokens of prompt and output.
/// </summary>
internal sealed class TokenPenalties
{
    /// <summary>llama.cpp's default for repeat_last_n, in tokens.</summary>
    private const int LlamaCppWindow = 64;

    private readonly SamplingOptions _options;

    /// <summary>Tokens seen, with how often in the output. In llama.cpp's order, those of the window, with how often there.</summary>
    private readonly Dictionary<int, int> _counts = [];

    public TokenPenalties(SamplingOptions options, IReadOnlyList<int> prompt)
    {
        _options = options;
        if (options.Order == SamplingOrder.OpenAI && options.RepetitionPenalty != 1f)
        {
            foreach (int token in prompt)
            {
                _counts.TryAdd(token, 0);
            }
        }
    }

    public static bool AreOff(SamplingOptions options) =>
        options is { RepetitionPenalty: 1f, PresencePenalty: 0f, FrequencyPenalty: 0f };

    /// <summary>Takes a token of the output.</summary>
    public void Accept(int token)
    {
        if (_options.Order == SamplingOrder.OpenAI)
        {
            _counts[token] = _counts.GetValueOrDefault(token) + 1;
        }
    }

    /// <summary>Applies the penalties.</summary>
    /// <param name="history">Prompt and output; read in llama.cpp's order only.</param>
    /// <param name="logits">[vocabulary].</param>
    public void Apply(List<int> history, Span<float> logits)
    {
        if (_options.Order == SamplingOrder.LlamaCpp)
        {
            _counts.Clear();
            for (int i = Math.Max(0, history.Count - LlamaCppWindow); i < history.Count; i++)
            {
                _counts[history[i]] = _counts.GetValueOrDefault(history[i]) + 1;
            }
        }

        foreach ((int token, int count) in _counts)
        {
            float logit = logits[token];
            logit = logit > 0 ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty;
            logits[token] = logit - (count * _options.FrequencyPenalty) - (count > 0 ? _options.PresencePenalty : 0f);
        }
    }
}

using System.Buffers;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// Chooses the tokens of one choice of a request. <see cref="Sample"/> changes nothing and <see cref="Accept"/> is the only way in, so a sampler that is
/// built anew and fed the same tokens is the same sampler. A token depends on logits, options, the tokens before it, seed,
/// choice and position, and on nothing else: not on the batch, nor on the draws of other positions.
/// </summary>
public sealed class Sampler
{
    /// <summary>Temperatures below this one are greedy: dividing by them would overflow, and nothing but the likeliest token could be drawn.</summary>
    private const float GreedyBelow = 1e-5f;

    private readonly SamplingOptions _options;
    private readonly int _vocabularySize;
    private readonly int _choice;
    private readonly IReadOnlySet<int> _endTokens;
    private readonly HashSet<int> _stopTokens;
    private readonly KeyValuePair<int, float>[] _biases;
    private readonly TokenPenalties? _penalties;
    private readonly DryPenalty? _dry;

    /// <summary>Prompt and output, kept only where a penalty reads them.</summary>
    private readonly List<int> _history = [];
    private int _outputs;

    /// <param name="options">Valid ones, see <see cref="Validate"/>.</param>
    /// <param name="vocabularySize">Logits in a row.</param>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="endTokens">The model's end tokens.</param>
    /// <param name="choice">Which choice of the request, from 0.</param>
    public Sampler(SamplingOptions options, int vocabularySize, IReadOnlyList<int> prompt, IReadOnlySet<int> endTokens, int choice)
    {
        if (Validate(options, vocabularySize) is { } error)
        {
            throw new ArgumentException(error.Message, nameof(options));
        }

        _options = options;
        _vocabularySize = vocabularySize;
        _choice = choice;
        _endTokens = endTokens;
        _stopTokens = [.. options.StopTokens];
        _biases = options.LogitBias is null ? [] : [.. options.LogitBias];
        _penalties = TokenPenalties.AreOff(options) ? null : new TokenPenalties(options, prompt);
        _dry = options.DryMultiplier > 0 ? new DryPenalty(options) : null;
        if (KeepsHistory)
        {
            _history.AddRange(prompt);
        }
    }

    private bool KeepsHistory => _dry is not null || (_penalties is not null && _options.Order == SamplingOrder.LlamaCpp);

    /// <summary>What is wrong with the options, or null.</summary>
    public static EngineError? Validate(SamplingOptions options, int vocabularySize) => SamplingRules.Check(options, vocabularySize);

    /// <summary>Chooses the token at a position.</summary>
    /// <param name="logits">[vocabulary], the model's; overwritten.</param>
    /// <param name="position">Place of the chosen token in the sequence: prompt length + outputs so far.</param>
    /// <exception cref="InvalidLogitsException">The logits are no distribution.</exception>
    public GeneratedToken Sample(Span<float> logits, int position)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (_options.Logprobs is not { } alternatives)
        {
            return new GeneratedToken(Choose(logits, position), null, []);
        }

        // What is reported is the model's own distribution, which the adjustments below overwrite.
        float[] copy = ArrayPool<float>.Shared.Rent(logits.Length);
        Span<float> original = copy.AsSpan(0, logits.Length);
        logits.CopyTo(original);
        try
        {
            return TokenReport.Describe(original, Choose(logits, position), alternatives);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(copy);
        }
    }

    /// <summary>Takes a token of the output: the one just chosen, or one of a stream that is being resumed.</summary>
    public void Accept(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, _vocabularySize);
        _outputs++;
        _penalties?.Accept(token);
        if (KeepsHistory)
        {
            _history.Add(token);
        }
    }

    /// <summary>Whether the output ends with this token.</summary>
    public bool Ends(int token) => (!_options.IgnoreEos && _endTokens.Contains(token)) || _stopTokens.Contains(token);

    private int Choose(Span<float> logits, int position)
    {
        float max = LogitScan.FindMax(logits);
        if (Adjust(logits))
        {
            max = LogitScan.FindMax(logits);
        }

        return _options.Temperature < GreedyBelow
            ? LogitScan.IndexOf(logits, max)
            : TokenDraw.Draw(logits, max, _options, Philox.Uniform(_options.Seed, _choice, position));
    }

    /// <summary>Bias, penalties, DRY, then the tokens that must not come yet; says whether anything was done.</summary>
    private bool Adjust(Span<float> logits)
    {
        foreach ((int token, float bias) in _biases)
        {
            logits[token] += bias;
        }

        _penalties?.Apply(_history, logits);
        _dry?.Apply(_history, logits);
        bool tooEarly = _outputs < _options.MinTokens;
        if (tooEarly)
        {
            Forbid(_endTokens, logits);
            Forbid(_stopTokens, logits);
        }

        return tooEarly || _biases.Length > 0 || _penalties is not null || _dry is not null;
    }

    private static void Forbid(IReadOnlySet<int> tokens, Span<float> logits)
    {
        foreach (int token in tokens)
        {
            if ((uint)token < (uint)logits.Length)
            {
                logits[token] = float.NegativeInfinity;
            }
        }
    }
}

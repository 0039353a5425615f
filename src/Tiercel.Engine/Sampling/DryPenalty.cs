using System.Buffers;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// DRY ("don't repeat yourself"): where the end of the text repeats an earlier passage, the token that followed that passage loses
/// multiplier * base^(length - allowed length) of its logit, length being that of the longest such passage. Breakers end a
/// passage and are never penalised. One pass over the window for each token.
/// </summary>
internal sealed class DryPenalty(SamplingOptions options)
{
    /// <summary>As good as impossible, and still a finite number.</summary>
    private const double LargestPenalty = 1e9;

    private readonly HashSet<int> _breakers = [.. options.DryBreakers];
    private readonly Dictionary<int, int> _longest = [];

    /// <summary>Subtracts the penalties.</summary>
    /// <param name="history">Prompt and output.</param>
    /// <param name="logits">[vocabulary].</param>
    public void Apply(List<int> history, Span<float> logits)
    {
        int window = options.DryWindow == 0 ? history.Count : Math.Min(options.DryWindow, history.Count);
        int[] reversed = ArrayPool<int>.Shared.Rent(window);
        int[] lengths = ArrayPool<int>.Shared.Rent(window);
        for (int i = 0; i < window; i++)
        {
            reversed[i] = history[history.Count - 1 - i];
        }

        _longest.Clear();
        FindRepeats(reversed.AsSpan(0, window), lengths.AsSpan(0, window));
        ArrayPool<int>.Shared.Return(reversed);
        ArrayPool<int>.Shared.Return(lengths);
        foreach ((int token, int length) in _longest)
        {
            double penalty = options.DryMultiplier * Math.Pow(options.DryBase, length - options.DryAllowedLength);
            logits[token] -= (float)Math.Min(penalty, LargestPenalty);
        }
    }

    private void FindRepeats(ReadOnlySpan<int> reversed, Span<int> lengths)
    {
        int limit = 0;
        while (limit < reversed.Length && !_breakers.Contains(reversed[limit]))
        {
            limit++;
        }

        if (limit < options.DryAllowedLength)
        {
            return;
        }

        MatchPrefix(reversed, lengths);
        for (int i = 1; i < reversed.Length; i++)
        {
            int length = Math.Min(lengths[i], limit);
            int next = reversed[i - 1];
            if (length >= options.DryAllowedLength && length > _longest.GetValueOrDefault(next) && !_breakers.Contains(next))
            {
                _longest[next] = length;
            }
        }
    }

    /// <summary>
    /// The Z function: lengths[i] = how far text[i..] agrees with text from its start. Linear, because a comparison that succeeds moves
    /// the right edge of the known match and never happens again.
    /// </summary>
    private static void MatchPrefix(ReadOnlySpan<int> text, Span<int> lengths)
    {
        int left = 0;
        int right = 0;
        for (int i = 1; i < text.Length; i++)
        {
            int length = i < right ? Math.Min(right - i, lengths[i - left]) : 0;
            while (i + length < text.Length && text[i + length] == text[length])
            {
                length++;
            }

            lengths[i] = length;
            if (i + length > right)
            {
                (left, right) = (i, i + length);
            }
        }
    }
}

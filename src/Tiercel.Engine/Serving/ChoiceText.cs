using Tiercel.Engine.Sampling;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Serving;

/// <summary>
/// Turns the tokens of one choice into text events: decodes, watches for stop strings, and keeps back tokens whose text is not certain yet.
/// </summary>
internal sealed class ChoiceText(int choice, TokenStreamDecoder decoder, IReadOnlyList<string> stopStrings)
{
    private readonly StopStringMatcher _matcher = new(stopStrings);

    /// <summary>Tokens not yet sent, each with the length of the decoded text before it.</summary>
    private readonly List<(GeneratedToken Token, long Start)> _pending = [];

    /// <summary>Tokens taken since the last event.</summary>
    private readonly List<int> _covered = [];

    private string _certain = "";
    private long _decodedLength;
    private long _sentLength;

    /// <summary>Whether a stop string was completed.</summary>
    public bool IsStopped => _matcher.Match is not null;

    /// <summary>Leading tokens that have been sent with their text, of all that were taken.</summary>
    public int SentTokens { get; private set; }

    /// <summary>Takes a token. Its text and that of earlier ones comes with the next event, as far as it is certain.</summary>
    /// <exception cref="InvalidOperationException">A stop string was already found.</exception>
    public void Take(GeneratedToken token)
    {
        _pending.Add((token, _decodedLength));
        _covered.Add(token.Token);
        string decoded = decoder.Push(token.Token);
        _decodedLength += decoded.Length;
        string safe = _matcher.Push(decoded);
        _certain = _certain.Length == 0 ? safe : _certain + safe;
    }

    /// <summary>Takes the token that ends the choice and has no text.</summary>
    public void TakeEnd(int token) => _covered.Add(token);

    /// <summary>What is certain now was sent by the engine that began the request.</summary>
    public void MarkSent() => Release(null, sendAll: false);

    /// <summary>The text that has become certain; null where there is none.</summary>
    public GenerationEvent? News() => _certain.Length == 0 ? null : Release(null, sendAll: false);

    /// <summary>The last event of the choice, with all text that was held back.</summary>
    public GenerationEvent Finish(FinishReason reason, EngineError? error)
    {
        bool stopped = IsStopped;
        if (!stopped)
        {
            _certain += _matcher.Push(decoder.Flush()) + _matcher.Flush();
        }

        GenerationEvent last = Release(reason, sendAll: !stopped);
        return error is null ? last : last with { Error = error };
    }

    private GenerationEvent Release(FinishReason? reason, bool sendAll)
    {
        string text = _certain;
        _certain = "";
        _sentLength += text.Length;

        // A token goes with the text in which it begins; one that begins where the sent text ends has sent nothing yet.
        int count = sendAll ? _pending.Count : _pending.FindIndex(entry => entry.Start >= _sentLength) is >= 0 and int first ? first : _pending.Count;
        GeneratedToken[] tokens = new GeneratedToken[count];
        for (int i = 0; i < count; i++)
        {
            tokens[i] = _pending[i].Token;
        }

        _pending.RemoveRange(0, count);
        SentTokens += count;
        int[] covered = [.. _covered];
        _covered.Clear();
        return new GenerationEvent { Choice = choice, Text = text, Tokens = tokens, Finish = reason, CoveredTokens = covered };
    }
}

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

    private long _decodedLength;
    private long _sentLength;
    private string? _beforeMatch;

    /// <summary>Takes a token. The event is null while nothing is certain; <c>Stopped</c> is true when a stop string was completed.</summary>
    public (GenerationEvent? Event, bool Stopped) Push(GeneratedToken token)
    {
        _pending.Add((token, _decodedLength));
        string decoded = decoder.Push(token.Token);
        _decodedLength += decoded.Length;
        string safe = _matcher.Push(decoded);
        if (_matcher.Match is not null)
        {
            _beforeMatch = safe;
            return (null, true);
        }

        return (safe.Length == 0 ? null : Release(safe, null), false);
    }

    /// <summary>The last event of the choice, with all text that was held back.</summary>
    public GenerationEvent Finish(FinishReason reason, EngineError? error)
    {
        string rest = _beforeMatch ?? _matcher.Push(decoder.Flush()) + _matcher.Flush();
        GenerationEvent last = Release(rest, reason, sendAll: _beforeMatch is null);
        return error is null ? last : last with { Error = error };
    }

    private GenerationEvent Release(string text, FinishReason? reason, bool sendAll = false)
    {
        _sentLength += text.Length;

        // A token goes with the text in which it begins; one that begins where the sent text ends has sent nothing yet.
        int count = sendAll ? _pending.Count : _pending.FindIndex(entry => entry.Start >= _sentLength) is >= 0 and int first ? first : _pending.Count;
        GeneratedToken[] tokens = new GeneratedToken[count];
        for (int i = 0; i < count; i++)
        {
            tokens[i] = _pending[i].Token;
        }

        _pending.RemoveRange(0, count);
        return new GenerationEvent { Choice = choice, Text = text, Tokens = tokens, Finish = reason };
    }
}

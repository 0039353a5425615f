namespace Tiercel.Engine.Sampling;

/// <summary>
/// Finds stop strings in streamed text. The stop string that is complete first wins, and of those complete at the same character the longest; the text
/// before it is all that comes out. What comes out does not depend on how the text was cut into pieces. Text that may still turn out to be the
/// beginning of a stop string is held back, and no more than that.
/// </summary>
/// <remarks>A Knuth-Morris-Pratt automaton for each string: constant work per character and string, whatever the text.</remarks>
public sealed class StopStringMatcher
{
    /// <summary>Most stop strings of a request.</summary>
    public const int MaxStrings = 64;

    /// <summary>Most UTF-16 characters of one.</summary>
    public const int MaxLength = 1024;

    private readonly string[] _stops;
    private readonly int[][] _fallbacks;

    /// <summary>How many characters of each stop string the text so far ends with.</summary>
    private readonly int[] _matched;
    private string _held = "";

    public StopStringMatcher(IReadOnlyList<string> stops)
    {
        if (Validate(stops) is { } error)
        {
            throw new ArgumentException(error.Message, nameof(stops));
        }

        _stops = [.. stops];
        _fallbacks = [.. _stops.Select(Fallbacks)];
        _matched = new int[_stops.Length];
    }

    /// <summary>The stop string that was found, or null.</summary>
    public string? Match { get; private set; }

    /// <summary>How many UTF-16 characters are held back.</summary>
    public int HeldLength => _held.Length;

    /// <summary>What is wrong with the stop strings of a request, or null.</summary>
    public static EngineError? Validate(IReadOnlyList<string> stops)
    {
        if (stops.Count > MaxStrings)
        {
            return new EngineError(EngineErrorKind.InvalidRequest, $"stop may hold at most {MaxStrings} strings, got {stops.Count}", "stop");
        }

        return stops.Any(s => s.Length is 0 or > MaxLength)
            ? new EngineError(EngineErrorKind.InvalidRequest, $"stop strings must have 1 to {MaxLength} characters", "stop")
            : null;
    }

    /// <summary>Takes the next piece and returns the text that is certain now.</summary>
    /// <exception cref="InvalidOperationException">A stop string was already found.</exception>
    public string Push(string text)
    {
        if (Match is not null)
        {
            throw new InvalidOperationException("the text ended with a stop string");
        }

        for (int i = 0; i < text.Length; i++)
        {
            int found = Advance(text[i]);
            if (found >= 0)
            {
                // The match may begin in what was held back; it never begins before it.
                Match = _stops[found];
                string before = string.Concat(_held, text.AsSpan(0, i + 1))[..^Match.Length];
                _held = "";
                return before;
            }
        }

        int hold = _matched.Length == 0 ? 0 : _matched.Max();
        string pending = _held + text;
        _held = pending[^hold..];
        return pending[..^hold];
    }

    /// <summary>Ends the text: what was held back is no stop string and comes out.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        Array.Clear(_matched);
        return rest;
    }

    private int Advance(char c)
    {
        int longest = -1;
        for (int s = 0; s < _stops.Length; s++)
        {
            string stop = _stops[s];
            int length = _matched[s];
            while (length > 0 && stop[length] != c)
            {
                length = _fallbacks[s][length - 1];
            }

            _matched[s] = length = stop[length] == c ? length + 1 : 0;
            if (length == stop.Length && (longest < 0 || length > _stops[longest].Length))
            {
                longest = s;
            }
        }

        return longest;
    }

    /// <summary>For each prefix of the string, the length of its longest proper prefix that is also its suffix.</summary>
    private static int[] Fallbacks(string stop)
    {
        int[] table = new int[stop.Length];
        for (int i = 1, length = 0; i < stop.Length; i++)
        {
            while (length > 0 && stop[i] != stop[length])
            {
                length = table[length - 1];
            }

            length = stop[i] == stop[length] ? length + 1 : 0;
            table[i] = length;
        }

        return table;
    }
}

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>
/// GPT-4o's expression, and Tekken's, which has no contractions and single digits. With U = letters but a to z, W = letters but A to Z,
/// p = <c>[^\r\n\p{L}\p{N}]?</c> and C the optional contraction:
/// <c>pU*W+C|pU+W*C|\p{N}{1,k}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>. Words break where lower case turns to upper.
/// The models' own files write U and W with the Unicode cases and with marks; this is llama.cpp's reading, in which letters beyond ASCII are of both cases
/// and a mark is no letter, because the golden ids are its.
/// </summary>
internal readonly struct CasedSplitter<TDigits> : ISplitter
    where TDigits : struct, IDigitRule
{
    private const byte Others = CodePoints.Space | CodePoints.Letter | CodePoints.Number;

    public static int Next(ReadOnlySpan<byte> text, int start)
    {
        byte kind = CodePoints.ClassAt(text, start, out int length);
        if (kind == CodePoints.Number)
        {
            return Llama3Splitter<TDigits, LettersOnly>.Digits(text, start, TDigits.Most);
        }

        bool isLetter = (kind & CodePoints.Letter) != 0;
        int word = isLetter || text[start] is (byte)'\r' or (byte)'\n' ? start : start + length;
        if (isLetter || (word > start && (CodePoints.ClassAtOrNone(text, word) & CodePoints.Letter) != 0))
        {
            int end = WordEnd(text, word);
            return TDigits.Most == 3 ? WhiteSpace.SkipContraction(text, end, anyCase: true) : end;
        }

        int at = text[start] == (byte)' ' && start + 1 < text.Length ? start + 1 : start;
        if ((CodePoints.ClassAt(text, at, out _) & Others) == 0)
        {
            int end = CodePoints.SkipOthers(text, at, Others);
            while (end < text.Length && text[end] is (byte)'\r' or (byte)'\n' or (byte)'/')
            {
                end++;
            }

            return end;
        }

        return WhiteSpace.WithNewLines(text, start);
    }

    /// <summary><c>U*W+|U+W*</c> at a letter.</summary>
    private static int WordEnd(ReadOnlySpan<byte> text, int start)
    {
        // U* takes all it can. If a to z follow, W+ goes on from there.
        int upper = SkipLetters(text, start, 'a');
        if (upper < text.Length && text[upper] is >= (byte)'a' and <= (byte)'z')
        {
            return SkipLetters(text, upper, 'A');
        }

        // Else W+ needs a letter that U* gives back: the last that is not A to Z, and nothing after it. Without one, U+ alone matches.
        int last = text[start..upper].LastIndexOfAnyExceptInRange((byte)'A', (byte)'Z');
        return last < 0 ? upper : start + last + 1;
    }

    /// <summary>Skips letters, but for the 26 ASCII ones from <paramref name="butFrom"/>.</summary>
    private static int SkipLetters(ReadOnlySpan<byte> text, int at, char butFrom)
    {
        while (at < text.Length && (uint)(text[at] - butFrom) > 25 && (CodePoints.ClassAt(text, at, out int length) & CodePoints.Letter) != 0)
        {
            at += length;
        }

        return at;
    }
}

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>The parts about white space and contractions that the regular expressions share.</summary>
internal static class WhiteSpace
{
    /// <summary><c>\s+(?!\S)|\s+</c> at a white-space character: a run leaves its last character to the word after it, unless it is that one alone.</summary>
    /// <param name="end">The end of the run.</param>
    public static int Leave(ReadOnlySpan<byte> text, int start, int end)
    {
        if (end == text.Length)
        {
            return end;
        }

        int last = end - 1;
        while ((text[last] & 0xC0) == 0x80)
        {
            last--;
        }

        return last > start ? last : end;
    }

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c> at a white-space character.</summary>
    public static int WithNewLines(ReadOnlySpan<byte> text, int start)
    {
        int end = CodePoints.SkipAny(text, start, CodePoints.Space);
        int newLine = text[start..end].LastIndexOfAny((byte)'\r', (byte)'\n');
        return newLine >= 0 ? start + newLine + 1 : Leave(text, start, end);
    }

    /// <summary><c>[\r\n]*</c></summary>
    public static int SkipNewLines(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && text[at] is (byte)'\r' or (byte)'\n')
        {
            at++;
        }

        return at;
    }

    /// <summary>The end of <c>'s|'t|'re|'ve|'m|'ll|'d</c> at a position, or the position itself.</summary>
    public static int SkipContraction(ReadOnlySpan<byte> text, int at, bool anyCase)
    {
        if (at + 1 >= text.Length || text[at] != (byte)'\'')
        {
            return at;
        }

        // Setting bit 5 makes a letter lower case; what is not a letter cannot become one of these letters by it, but for the upper case.
        int fold = anyCase ? 0x20 : 0;
        int first = text[at + 1] | fold;
        if (first is 's' or 't' or 'm' or 'd')
        {
            return at + 2;
        }

        int second = at + 2 < text.Length ? text[at + 2] | fold : 0;
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? at + 3 : at;
    }
}

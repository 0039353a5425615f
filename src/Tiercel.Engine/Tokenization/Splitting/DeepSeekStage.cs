namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>
/// The last expression of DeepSeek V3, after digits and CJK were split off:
/// <c>[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// Other characters (control, format, unassigned) match nothing and stay together.
/// </summary>
internal sealed class DeepSeekStage : SplitStage
{
    private const byte Word = CodePoints.Letter | CodePoints.Mark;
    private const byte Sign = CodePoints.Punctuation | CodePoints.Symbol;

    public override bool FindNext(ReadOnlySpan<byte> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length;)
        {
            byte kind = CodePoints.ClassAt(text, start, out int length);
            end = Match(text, start, start + length, kind);
            if (end > start)
            {
                return true;
            }

            start += length;
        }

        end = start;
        return false;
    }

    private static int Match(ReadOnlySpan<byte> text, int start, int after, byte kind)
    {
        byte first = text[start];
        bool hasNext = after < text.Length;
        if (first < 0x80 && (kind & Sign) != 0 && hasNext && char.IsAsciiLetter((char)text[after]))
        {
            int end = after;
            while (end < text.Length && char.IsAsciiLetter((char)text[end]))
            {
                end++;
            }

            return end;
        }

        if ((kind & Word) != 0)
        {
            return CodePoints.SkipAny(text, start, Word);
        }

        if ((kind & Sign) == 0 && first is not ((byte)'\r' or (byte)'\n') && (CodePoints.ClassAtOrNone(text, after) & Word) != 0)
        {
            return CodePoints.SkipAny(text, after, Word);
        }

        int at = first == (byte)' ' && hasNext ? after : start;
        if ((CodePoints.ClassAt(text, at, out _) & Sign) != 0)
        {
            return WhiteSpace.SkipNewLines(text, CodePoints.SkipAny(text, at, Sign));
        }

        return kind == CodePoints.Space ? WhiteSpace.WithNewLines(text, start) : start;
    }
}

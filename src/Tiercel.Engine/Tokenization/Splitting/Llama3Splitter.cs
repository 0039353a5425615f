namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>What a family counts as part of a word.</summary>
internal interface IWordRule
{
    static abstract byte Word { get; }
}

internal readonly struct LettersOnly : IWordRule
{
    public static byte Word => CodePoints.Letter;
}

internal readonly struct LettersAndMarks : IWordRule
{
    public static byte Word => CodePoints.Letter | CodePoints.Mark;
}

/// <summary>
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?W+|\p{N}{1,k}| ?[^\sW\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>, where W is
/// <c>\p{L}</c> or <c>[\p{L}\p{M}]</c> and k is 3 (Llama 3) or 1 (Qwen 2).
/// </summary>
internal readonly struct Llama3Splitter<TDigits, TWord> : ISplitter
    where TDigits : struct, IDigitRule
    where TWord : struct, IWordRule
{
    public static int Next(ReadOnlySpan<byte> text, int start)
    {
        byte kind = CodePoints.ClassAt(text, start, out int length);
        if ((kind & TWord.Word) != 0)
        {
            return CodePoints.SkipAny(text, start + length, TWord.Word);
        }

        if (kind == CodePoints.Number)
        {
            return Digits(text, start, TDigits.Most);
        }

        int contraction = WhiteSpace.SkipContraction(text, start, anyCase: true);
        if (contraction > start)
        {
            return contraction;
        }

        int after = start + length;
        byte first = text[start];
        if (first is not ((byte)'\r' or (byte)'\n') && (CodePoints.ClassAtOrNone(text, after) & TWord.Word) != 0)
        {
            return CodePoints.SkipAny(text, after, TWord.Word);
        }

        int at = first == (byte)' ' && after < text.Length ? after : start;
        if ((CodePoints.ClassAt(text, at, out _) & (CodePoints.Space | CodePoints.Number | TWord.Word)) == 0)
        {
            int end = CodePoints.SkipOthers(text, at, (byte)(CodePoints.Space | CodePoints.Number | TWord.Word));
            return WhiteSpace.SkipNewLines(text, end);
        }

        return WhiteSpace.WithNewLines(text, start);
    }

    internal static int Digits(ReadOnlySpan<byte> text, int at, int most)
    {
        for (int count = 0; count < most && at < text.Length; count++)
        {
            if (CodePoints.ClassAt(text, at, out int length) != CodePoints.Number)
            {
                break;
            }

            at += length;
        }

        return at;
    }
}

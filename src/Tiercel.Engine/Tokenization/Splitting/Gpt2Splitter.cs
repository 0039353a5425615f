namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>; with <typeparamref name="TDigits"/> one at a time after a first
/// split at <c>\p{N}</c>, so that every digit is a piece and ends the text before it.
/// </summary>
internal readonly struct Gpt2Splitter<TDigits> : ISplitter
    where TDigits : struct, IDigitRule
{
    public static int Next(ReadOnlySpan<byte> text, int start)
    {
        byte kind = CodePoints.ClassAt(text, start, out int length);
        bool alone = TDigits.Most == 1;
        if (alone && kind == CodePoints.Number)
        {
            return start + length;
        }

        int contraction = WhiteSpace.SkipContraction(text, start, anyCase: false);
        if (contraction > start)
        {
            return contraction;
        }

        int at = start;
        if (text[start] == (byte)' ' && start + 1 < text.Length)
        {
            at = start + 1;
            kind = CodePoints.ClassAt(text, at, out length);
        }

        if ((kind & CodePoints.Letter) != 0)
        {
            return CodePoints.SkipAny(text, at + length, CodePoints.Letter);
        }

        if (kind == CodePoints.Number && !alone)
        {
            return CodePoints.SkipAny(text, at + length, CodePoints.Number);
        }

        if ((kind & (CodePoints.Space | CodePoints.Number)) == 0)
        {
            return CodePoints.SkipOthers(text, at + length, CodePoints.Space | CodePoints.Letter | CodePoints.Number);
        }

        int end = CodePoints.SkipAny(text, start, CodePoints.Space);
        return alone && CodePoints.ClassAtOrNone(text, end) == CodePoints.Number ? end : WhiteSpace.Leave(text, start, end);
    }
}

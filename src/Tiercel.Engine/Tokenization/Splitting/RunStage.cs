namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary><c>X{least,most}</c> or <c>\s?X+</c> for a set X of code points.</summary>
internal sealed class RunStage(Func<int, bool> contains, int least = 1, int most = int.MaxValue, bool takesSpaceBefore = false) : SplitStage
{
    public static RunStage OfClass(byte classes, int most = int.MaxValue, bool takesSpaceBefore = false)
        => new(codePoint => (CodePoints.ClassOf(codePoint) & classes) != 0, 1, most, takesSpaceBefore);

    public override bool FindNext(ReadOnlySpan<byte> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length;)
        {
            int codePoint = CodePoints.Decode(text, start, out int length);
            bool inside = contains(codePoint);
            int after = start + length;

            // The optional space is tried first, so white space that is itself in the set begins a run either way.
            bool leads = takesSpaceBefore && !inside && CodePoints.ClassOf(codePoint) == CodePoints.Space
                && after < text.Length && contains(CodePoints.Decode(text, after, out _));
            int run = inside ? start : after;
            if (inside || leads)
            {
                end = Extend(text, run, out int count);
                if (count >= least)
                {
                    return true;
                }

                after = end;
            }

            start = after;
        }

        end = start;
        return false;
    }

    private int Extend(ReadOnlySpan<byte> text, int at, out int count)
    {
        for (count = 0; at < text.Length && count < most; count++)
        {
            if (!contains(CodePoints.Decode(text, at, out int length)))
            {
                break;
            }

            at += length;
        }

        return at;
    }
}

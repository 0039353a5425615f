namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>One expression of a sequence.</summary>
internal abstract class SplitStage
{
    /// <summary>Finds the first match at or after <paramref name="from"/>; never an empty one.</summary>
    public abstract bool FindNext(ReadOnlySpan<byte> text, int from, out int start, out int end);
}

/// <summary>A whole splitter as a stage; it matches everywhere.</summary>
internal sealed class SplitterStage<TSplitter> : SplitStage
    where TSplitter : struct, ISplitter
{
    public override bool FindNext(ReadOnlySpan<byte> text, int from, out int start, out int end)
    {
        start = from;
        end = TSplitter.Next(text, from);
        return true;
    }
}

/// <summary><c>\s+$</c></summary>
internal sealed class TrailingSpaceStage : SplitStage
{
    public override bool FindNext(ReadOnlySpan<byte> text, int from, out int start, out int end)
    {
        end = text.Length;
        start = end;
        while (start > from)
        {
            int last = start - 1;
            while ((text[last] & 0xC0) == 0x80)
            {
                last--;
            }

            if (last < from || CodePoints.ClassAt(text, last, out _) != CodePoints.Space)
            {
                break;
            }

            start = last;
        }

        return start < end;
    }
}

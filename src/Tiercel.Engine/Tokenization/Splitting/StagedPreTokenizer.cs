using Tiercel.Engine.Tokenization.Merging;

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>Pre-tokenizing by several expressions in sequence: each cuts the pieces of the one before it, at its matches and between them.</summary>
internal sealed class StagedPreTokenizer(params SplitStage[] stages) : PreTokenizer
{
    public override void Encode(ReadOnlySpan<byte> text, PieceEncoder<BytePairRule> encoder, ref TokenBuffer output)
    {
        int start = 0;
        foreach (int end in Split(text))
        {
            encoder.Encode(text[start..end], ref output);
            start = end;
        }
    }

    public override List<int> Split(ReadOnlySpan<byte> text)
    {
        List<int> ends = text.Length == 0 ? [] : [text.Length];
        foreach (SplitStage stage in stages)
        {
            List<int> finer = new(ends.Count);
            int start = 0;
            foreach (int end in ends)
            {
                Cut(stage, text[start..end], start, finer);
                start = end;
            }

            ends = finer;
        }

        return ends;
    }

    private static void Cut(SplitStage stage, ReadOnlySpan<byte> piece, int offset, List<int> ends)
    {
        int at = 0;
        while (at < piece.Length && stage.FindNext(piece, at, out int start, out int end))
        {
            if (start > at)
            {
                ends.Add(offset + start);
            }

            ends.Add(offset + end);
            at = end;
        }

        if (at < piece.Length)
        {
            ends.Add(offset + piece.Length);
        }
    }
}

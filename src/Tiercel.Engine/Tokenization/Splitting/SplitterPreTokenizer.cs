using Tiercel.Engine.Tokenization.Merging;

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>Pre-tokenizing by one expression; compiled once for each splitter so that its code is inside this loop.</summary>
internal sealed class SplitterPreTokenizer<TSplitter> : PreTokenizer
    where TSplitter : struct, ISplitter
{
    public override void Encode(ReadOnlySpan<byte> text, PieceEncoder<BytePairRule> encoder, ref TokenBuffer output)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = TSplitter.Next(text, start);
            encoder.Encode(text[start..end], ref output);
            start = end;
        }
    }

    public override List<int> Split(ReadOnlySpan<byte> text)
    {
        List<int> ends = [];
        for (int start = 0; start < text.Length; start = ends[^1])
        {
            ends.Add(TSplitter.Next(text, start));
        }

        return ends;
    }
}

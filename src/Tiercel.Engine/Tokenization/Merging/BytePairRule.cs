namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>Byte-level merging: the smallest symbols are bytes, the order is that of the merge list.</summary>
internal readonly struct BytePairRule(MergeTable merges, int[] byteTokens) : IMergeRule
{
    public int SymbolLength(ReadOnlySpan<byte> piece, int start) => 1;

    public int SymbolToken(ReadOnlySpan<byte> symbol) => byteTokens[symbol[0]];

    public uint Rank(int left, int right, ReadOnlySpan<byte> joined) => (left | right) < 0 ? IMergeRule.None : merges.Find(left, right);

    public int Merge(uint rank, ReadOnlySpan<byte> joined) => merges.MergedBy(rank);

    public void WriteUnknown(ReadOnlySpan<byte> symbol, ref TokenBuffer output)
    {
        // A vocabulary without a token for some byte (SmolLM2 lacks 21 that hardly occur) was trained on text in which that byte was left out,
        // as the reference tokenizers do. There is no other token for it: the unknown token of such models is a control token.
    }
}

using Tiercel.Engine.Tokenization.Splitting;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>SentencePiece merging: the smallest symbols are characters, two neighbours merge if their joined text is a token, the best score first.</summary>
internal readonly struct ScoreRule(PieceTable table, int[] scoreRanks, int[] byteTokens, int unknownToken) : IMergeRule
{
    public int SymbolLength(ReadOnlySpan<byte> piece, int start) => Math.Min(CodePoints.LengthAt(piece, start), piece.Length - start);

    public int SymbolToken(ReadOnlySpan<byte> symbol) => table.Find(symbol);

    public uint Rank(int left, int right, ReadOnlySpan<byte> joined)
    {
        int token = table.Find(joined);
        return token < 0 ? IMergeRule.None : (uint)scoreRanks[token];
    }

    public int Merge(uint rank, ReadOnlySpan<byte> joined) => table.Find(joined);

    public void WriteUnknown(ReadOnlySpan<byte> symbol, ref TokenBuffer output)
    {
        foreach (byte value in symbol)
        {
            if (byteTokens[value] < 0)
            {
                output.Add(unknownToken);
                return;
            }
        }

        foreach (byte value in symbol)
        {
            output.Add(byteTokens[value]);
        }
    }
}

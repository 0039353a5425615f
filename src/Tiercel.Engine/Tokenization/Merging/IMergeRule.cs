namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>What differs between vocabularies in the merging of a piece. Implemented by structs, so that the merger is compiled for each.</summary>
internal interface IMergeRule
{
    /// <summary>No merge.</summary>
    const uint None = uint.MaxValue;

    /// <summary>Length in bytes of the smallest symbol at a position.</summary>
    int SymbolLength(ReadOnlySpan<byte> piece, int start);

    /// <summary>The token of a smallest symbol, or -1.</summary>
    int SymbolToken(ReadOnlySpan<byte> symbol);

    /// <summary>The rank of merging two neighbours (lower goes first), or <see cref="None"/>.</summary>
    uint Rank(int left, int right, ReadOnlySpan<byte> joined);

    /// <summary>The token that a merge of this rank gives.</summary>
    int Merge(uint rank, ReadOnlySpan<byte> joined);

    /// <summary>Writes the tokens for a symbol that is no token.</summary>
    void WriteUnknown(ReadOnlySpan<byte> symbol, ref TokenBuffer output);
}

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>
/// Turns one piece into tokens, the cheapest way first: the piece is a token that merging gives too, or it was met before, or it is merged.
/// Safe for many threads.
/// </summary>
internal sealed class PieceEncoder<TRule>
    where TRule : struct, IMergeRule
{
    private const byte Unknown = 0;
    private const byte Whole = 1;
    private const byte Parts = 2;

    private readonly TRule _rule;
    private readonly PieceTable _table;
    private readonly bool _ignoresMerges;
    private readonly PieceCache _cache = new();

    /// <summary>For each token, whether merging its own bytes gives it; found out when first asked. Threads may find out twice, with one result.</summary>
    private readonly byte[] _kinds;

    /// <param name="ignoresMerges">A piece that is a token is that token, whatever merging would give.</param>
    public PieceEncoder(TRule rule, PieceTable table, int tokenCount, bool ignoresMerges)
    {
        _rule = rule;
        _table = table;
        _ignoresMerges = ignoresMerges;
        _kinds = new byte[tokenCount];
    }

    public void Encode(ReadOnlySpan<byte> piece, ref TokenBuffer output)
    {
        if (piece.Length > _table.LongestKey && piece.Length > PieceCache.LongestPiece)
        {
            PieceMerger.Merge(_rule, piece, ref output);
            return;
        }

        ulong hash = PieceHash.Of(piece);
        int token = _table.Find(piece, hash);
        if (token >= 0 && (_ignoresMerges || _kinds[token] == Whole || IsWhole(token, piece)))
        {
            output.Add(token);
        }
        else if (piece.Length > PieceCache.LongestPiece)
        {
            PieceMerger.Merge(_rule, piece, ref output);
        }
        else if (!_cache.TryWrite(piece, hash, ref output))
        {
            int before = output.Count;
            PieceMerger.Merge(_rule, piece, ref output);
            _cache.Keep(piece, hash, output.Items[before..]);
        }
    }

    private bool IsWhole(int token, ReadOnlySpan<byte> piece)
    {
        if (_kinds[token] == Unknown)
        {
            TokenBuffer merged = new(16);
            try
            {
                PieceMerger.Merge(_rule, piece, ref merged);
                _kinds[token] = merged.Count == 1 && merged.Items[0] == token ? Whole : Parts;
            }
            finally
            {
                merged.Dispose();
            }
        }

        return _kinds[token] == Whole;
    }
}

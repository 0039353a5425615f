namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>
/// Merges the symbols of one piece: again and again the pair of lowest rank, of equal ones the leftmost. A short piece is searched from end to end
/// each time, in stack memory; a long one has a heap and a linked list, so that a piece of n bytes costs O(n log n).
/// </summary>
internal static class PieceMerger
{
    /// <summary>Bytes up to which the search is faster than the heap.</summary>
    private const int ShortPiece = 64;

    public static void Merge<TRule>(TRule rule, ReadOnlySpan<byte> piece, ref TokenBuffer output)
        where TRule : struct, IMergeRule
    {
        if (piece.Length <= ShortPiece)
        {
            MergeShort(rule, piece, ref output);
        }
        else
        {
            LongPieceMerger.Merge(rule, piece, ref output);
        }
    }

    private static void MergeShort<TRule>(TRule rule, ReadOnlySpan<byte> piece, ref TokenBuffer output)
        where TRule : struct, IMergeRule
    {
        // starts has one entry more than there are symbols: the end of the last. ranks[i] belongs to the pair (i, i + 1).
        Span<int> starts = stackalloc int[ShortPiece + 1];
        Span<int> tokens = stackalloc int[ShortPiece];
        Span<uint> ranks = stackalloc uint[ShortPiece];
        int count = 0;
        for (int at = 0; at < piece.Length;)
        {
            int length = rule.SymbolLength(piece, at);
            starts[count] = at;
            tokens[count++] = rule.SymbolToken(piece.Slice(at, length));
            at += length;
        }

        starts[count] = piece.Length;
        for (int i = 0; i + 1 < count; i++)
        {
            ranks[i] = rule.Rank(tokens[i], tokens[i + 1], piece[starts[i]..starts[i + 2]]);
        }

        while (count > 1)
        {
            int best = IndexOfLowest(ranks[..(count - 1)], out uint rank);
            if (rank == IMergeRule.None)
            {
                break;
            }

            tokens[best] = rule.Merge(rank, piece[starts[best]..starts[best + 2]]);
            tokens[(best + 2)..count].CopyTo(tokens[(best + 1)..]);
            starts[(best + 2)..(count + 1)].CopyTo(starts[(best + 1)..]);
            ranks[(best + 1)..(count - 1)].CopyTo(ranks[best..]);
            count--;
            if (best + 1 < count)
            {
                ranks[best] = rule.Rank(tokens[best], tokens[best + 1], piece[starts[best]..starts[best + 2]]);
            }

            if (best > 0)
            {
                ranks[best - 1] = rule.Rank(tokens[best - 1], tokens[best], piece[starts[best - 1]..starts[best + 1]]);
            }
        }

        for (int i = 0; i < count; i++)
        {
            Write(rule, tokens[i], piece[starts[i]..starts[i + 1]], ref output);
        }
    }

    internal static void Write<TRule>(TRule rule, int token, ReadOnlySpan<byte> symbol, ref TokenBuffer output)
        where TRule : struct, IMergeRule
    {
        if (token >= 0)
        {
            output.Add(token);
        }
        else
        {
            rule.WriteUnknown(symbol, ref output);
        }
    }

    private static int IndexOfLowest(ReadOnlySpan<uint> ranks, out uint lowest)
    {
        int best = 0;
        lowest = ranks[0];
        for (int i = 1; i < ranks.Length; i++)
        {
            if (ranks[i] < lowest)
            {
                lowest = ranks[i];
                best = i;
            }
        }

        return best;
    }
}

using System.Buffers;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>
/// Merging of a long piece with a linked list of symbols and a heap of candidate pairs. A heap entry is rank and left symbol in one word, so that the
/// smallest word is the lowest rank and of those the leftmost; entries whose pair has changed since are told by the rank kept for the symbol.
/// Memory: 20 bytes a symbol and 8 a candidate.
/// </summary>
internal static class LongPieceMerger
{
    private const int End = -1;

    public static void Merge<TRule>(TRule rule, ReadOnlySpan<byte> piece, ref TokenBuffer output)
        where TRule : struct, IMergeRule
    {
        int count = CountSymbols(rule, piece);
        int[] numbers = ArrayPool<int>.Shared.Rent(checked(count * 4));
        uint[] ranks = ArrayPool<uint>.Shared.Rent(count);
        RankHeap heap = new(count);
        try
        {
            Symbols symbols = new(numbers.AsSpan(0, count * 4), ranks.AsSpan(0, count), piece);
            Prepare(rule, symbols, ref heap);
            while (heap.TryTake(out ulong entry))
            {
                int left = (int)(uint)entry;
                uint rank = (uint)(entry >> 32);
                if (symbols.Ranks[left] == rank)
                {
                    Apply(rule, symbols, left, rank, ref heap);
                }
            }

            for (int symbol = 0; symbol != End; symbol = symbols.Next[symbol])
            {
                PieceMerger.Write(rule, symbols.Tokens[symbol], symbols.TextOf(symbol, symbol), ref output);
            }
        }
        finally
        {
            heap.Dispose();
            ArrayPool<uint>.Shared.Return(ranks);
            ArrayPool<int>.Shared.Return(numbers);
        }
    }

    private static int CountSymbols<TRule>(TRule rule, ReadOnlySpan<byte> piece)
        where TRule : struct, IMergeRule
    {
        int count = 0;
        for (int at = 0; at < piece.Length; at += rule.SymbolLength(piece, at))
        {
            count++;
        }

        return count;
    }

    private static void Prepare<TRule>(TRule rule, Symbols symbols, ref RankHeap heap)
        where TRule : struct, IMergeRule
    {
        int at = 0;
        int count = symbols.Tokens.Length;
        for (int symbol = 0; symbol < count; symbol++)
        {
            int length = rule.SymbolLength(symbols.Piece, at);
            symbols.Starts[symbol] = at;
            symbols.Tokens[symbol] = rule.SymbolToken(symbols.Piece.Slice(at, length));
            symbols.Previous[symbol] = symbol - 1;
            symbols.Next[symbol] = symbol + 1 < count ? symbol + 1 : End;
            at += length;
        }

        for (int symbol = 0; symbol < count; symbol++)
        {
            Consider(rule, symbols, symbol, ref heap);
        }
    }

    private static void Apply<TRule>(TRule rule, Symbols symbols, int left, uint rank, ref RankHeap heap)
        where TRule : struct, IMergeRule
    {
        int right = symbols.Next[left];
        symbols.Tokens[left] = rule.Merge(rank, symbols.TextOf(left, right));
        symbols.Ranks[right] = IMergeRule.None;
        int after = symbols.Next[right];
        symbols.Next[left] = after;
        if (after != End)
        {
            symbols.Previous[after] = left;
        }

        Consider(rule, symbols, left, ref heap);
        if (symbols.Previous[left] != End)
        {
            Consider(rule, symbols, symbols.Previous[left], ref heap);
        }
    }

    private static void Consider<TRule>(TRule rule, Symbols symbols, int left, ref RankHeap heap)
        where TRule : struct, IMergeRule
    {
        int right = symbols.Next[left];
        uint rank = right == End ? IMergeRule.None : rule.Rank(symbols.Tokens[left], symbols.Tokens[right], symbols.TextOf(left, right));
        symbols.Ranks[left] = rank;
        if (rank != IMergeRule.None)
        {
            heap.Add(((ulong)rank << 32) | (uint)left);
        }
    }

    /// <summary>The linked list. <c>Ranks[i]</c> is that of merging symbol i with the next one.</summary>
    private readonly ref struct Symbols
    {
        public readonly Span<int> Tokens;
        public readonly Span<int> Starts;
        public readonly Span<int> Next;
        public readonly Span<int> Previous;
        public readonly Span<uint> Ranks;
        public readonly ReadOnlySpan<byte> Piece;

        public Symbols(Span<int> numbers, Span<uint> ranks, ReadOnlySpan<byte> piece)
        {
            int count = ranks.Length;
            Tokens = numbers[..count];
            Starts = numbers.Slice(count, count);
            Next = numbers.Slice(2 * count, count);
            Previous = numbers.Slice(3 * count, count);
            Ranks = ranks;
            Piece = piece;
        }

        /// <summary>The bytes from the first to the last of neighbouring symbols.</summary>
        public ReadOnlySpan<byte> TextOf(int first, int last) => Piece[Starts[first]..(Next[last] == End ? Piece.Length : Starts[Next[last]])];
    }
}

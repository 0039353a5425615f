using System.Buffers;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>
/// Merging of a long piece with a heap of candidate pairs. A symbol is named by the position of its first byte. A heap entry is rank and position in one
/// word, so that the smallest word is the lowest rank and of those the leftmost; entries whose pair has changed since are told by the rank kept for the position.
/// </summary>
internal static class LongPieceMerger
{
    private const int End = -1;

    public static void Merge<TRule>(TRule rule, ReadOnlySpan<byte> piece, ref TokenBuffer output)
        where TRule : struct, IMergeRule
    {
        int length = piece.Length;
        int[] numbers = ArrayPool<int>.Shared.Rent(checked(length * 3));
        uint[] rankMemory = ArrayPool<uint>.Shared.Rent(length);
        RankHeap heap = new(length);
        try
        {
            Symbols symbols = new(numbers.AsSpan(0, length), numbers.AsSpan(length, length), numbers.AsSpan(2 * length, length), rankMemory.AsSpan(0, length));
            Prepare(rule, piece, symbols, ref heap);
            while (heap.TryTake(out ulong entry))
            {
                int left = (int)(uint)entry;
                uint rank = (uint)(entry >> 32);
                if (symbols.Ranks[left] == rank)
                {
                    Apply(rule, piece, symbols, left, rank, ref heap);
                }
            }

            for (int at = 0; at != End; at = symbols.Next[at])
            {
                PieceMerger.Write(rule, symbols.Tokens[at], piece[at..symbols.EndOf(at, length)], ref output);
            }
        }
        finally
        {
            heap.Dispose();
            ArrayPool<uint>.Shared.Return(rankMemory);
            ArrayPool<int>.Shared.Return(numbers);
        }
    }

    private static void Prepare<TRule>(TRule rule, ReadOnlySpan<byte> piece, Symbols symbols, ref RankHeap heap)
        where TRule : struct, IMergeRule
    {
        int before = End;
        for (int at = 0; at < piece.Length;)
        {
            int size = rule.SymbolLength(piece, at);
            symbols.Tokens[at] = rule.SymbolToken(piece.Slice(at, size));
            symbols.Previous[at] = before;
            symbols.Next[at] = at + size < piece.Length ? at + size : End;
            before = at;
            at += size;
        }

        for (int at = 0; at != End; at = symbols.Next[at])
        {
            Consider(rule, piece, symbols, at, ref heap);
        }
    }

    private static void Apply<TRule>(TRule rule, ReadOnlySpan<byte> piece, Symbols symbols, int left, uint rank, ref RankHeap heap)
        where TRule : struct, IMergeRule
    {
        int right = symbols.Next[left];
        symbols.Tokens[left] = rule.Merge(rank, piece[left..symbols.EndOf(right, piece.Length)]);
        symbols.Ranks[right] = IMergeRule.None;
        int after = symbols.Next[right];
        symbols.Next[left] = after;
        if (after != End)
        {
            symbols.Previous[after] = left;
        }

        Consider(rule, piece, symbols, left, ref heap);
        if (symbols.Previous[left] != End)
        {
            Consider(rule, piece, symbols, symbols.Previous[left], ref heap);
        }
    }

    private static void Consider<TRule>(TRule rule, ReadOnlySpan<byte> piece, Symbols symbols, int left, ref RankHeap heap)
        where TRule : struct, IMergeRule
    {
        int right = symbols.Next[left];
        uint rank = right == End
            ? IMergeRule.None
            : rule.Rank(symbols.Tokens[left], symbols.Tokens[right], piece[left..symbols.EndOf(right, piece.Length)]);
        symbols.Ranks[left] = rank;
        if (rank != IMergeRule.None)
        {
            heap.Add(((ulong)rank << 32) | (uint)left);
        }
    }

    /// <summary>The linked list; all spans are indexed by the position of a symbol's first byte, entries between are not used.</summary>
    private readonly ref struct Symbols(Span<int> tokens, Span<int> next, Span<int> previous, Span<uint> ranks)
    {
        public readonly Span<int> Tokens = tokens;
        public readonly Span<int> Next = next;
        public readonly Span<int> Previous = previous;
        public readonly Span<uint> Ranks = ranks;

        public int EndOf(int symbol, int length) => Next[symbol] == End ? length : Next[symbol];
    }
}

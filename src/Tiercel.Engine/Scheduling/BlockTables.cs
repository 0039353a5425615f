using System.Runtime.InteropServices;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Scheduling;

/// <summary>
/// Keeps the block tables of sequences: takes cached blocks, grows tables, copies shared blocks before they are written, and publishes
/// full blocks to the prefix tree as soon as they are planned, so that other rows of the same step can use them. What a step publishes is
/// settled by <see cref="Commit"/> or undone by <see cref="Withdraw"/>.
/// </summary>
internal sealed class BlockTables(BlockCache cache)
{
    // A copy costs far less than computing even one row; what is shared by chance (a first token) is still not worth a block's traffic.
    private const int ShortestPartialHit = 4;

    private readonly List<int> _pending = [];
    private readonly List<(Sequence Sequence, int Index, int Node)> _replacements = [];

    /// <summary>Copies to be made, in this order, before the step runs.</summary>
    public List<BlockCopy> Copies { get; } = [];

    private int BlockSize => cache.BlockSize;

    /// <summary>Full blocks that the cache could give now, and how many of them nobody holds.</summary>
    public (int Blocks, int Unheld) Peek(Sequence sequence)
    {
        (int blocks, int unheld, int place) = (0, 0, sequence.Root);
        while ((blocks + 1) * BlockSize <= sequence.CacheableTokens)
        {
            place = cache.Tree.Find(place, TokensOf(sequence, blocks));
            if (place < 0)
            {
                break;
            }

            blocks++;
            unheld += cache.Pool.IsKept(place) ? 1 : 0;
        }

        return (blocks, unheld);
    }

    /// <summary>
    /// Continues a table with full blocks from the cache, those that other rows write in this very step included. A half-filled block of
    /// its own is given up when the cache has the full one.
    /// </summary>
    /// <returns>Tokens that need not be computed any more.</returns>
    public int Match(Sequence sequence)
    {
        int before = sequence.ComputedTokens;
        while ((sequence.PublishedBlocks + 1) * BlockSize <= sequence.CacheableTokens)
        {
            int index = sequence.PublishedBlocks;
            int node = cache.Tree.Find(sequence.Tail, TokensOf(sequence, index));
            if (node < 0)
            {
                break;
            }

            cache.Hold(node);
            if (sequence.Blocks.Count > index)
            {
                cache.Release(sequence.Blocks[index]);
                sequence.Blocks[index] = node;
            }
            else
            {
                sequence.Blocks.Add(node);
            }

            sequence.Tail = node;
            sequence.PublishedBlocks++;
            sequence.ComputedTokens = sequence.PublishedBlocks * BlockSize;
        }

        return sequence.ComputedTokens - before;
    }

    /// <summary>
    /// Where the cache has a block that begins as the next one does, takes a copy of it. The caller must give the sequence rows in this
    /// plan, for the copy is part of it.
    /// </summary>
    /// <returns>Tokens that need not be computed any more.</returns>
    public int MatchPartial(Sequence sequence)
    {
        int start = sequence.PublishedBlocks * BlockSize;
        int length = Math.Min(BlockSize - 1, sequence.CacheableTokens - start);
        if (sequence.ComputedTokens != start || sequence.Blocks.Count != sequence.PublishedBlocks || length < ShortestPartialHit)
        {
            return 0;
        }

        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(sequence.Tokens).Slice(start, length);
        (int source, int shared) = cache.Tree.FindLongest(sequence.Tail, tokens);
        if (shared < ShortestPartialHit)
        {
            return 0;
        }

        // Its parent is held, so moving it alone keeps children before parents in the list of kept blocks.
        cache.Pool.Touch(source);
        int block = cache.Allocate();
        if (block == BlockPool.None)
        {
            return 0;
        }

        // When the source was the last block to be had, it was evicted to become the copy, which then is there already.
        if (block != source)
        {
            Copies.Add(new BlockCopy(source, block));
        }

        sequence.Blocks.Add(block);
        sequence.ComputedTokens += shared;
        return shared;
    }

    /// <summary>Makes the positions from the first uncomputed one to <paramref name="end"/> writable, as far as there are blocks.</summary>
    /// <returns>The end of the writable positions, at most <paramref name="end"/>.</returns>
    public int Grow(Sequence sequence, int end)
    {
        int first = sequence.ComputedTokens / BlockSize;
        if (first < sequence.Blocks.Count && cache.IsShared(sequence.Blocks[first]) && !TryCopyOwn(sequence, first))
        {
            return sequence.ComputedTokens;
        }

        while (sequence.Blocks.Count * BlockSize < end)
        {
            int block = cache.Allocate();
            if (block == BlockPool.None)
            {
                break;
            }

            sequence.Blocks.Add(block);
        }

        return Math.Min(end, sequence.Blocks.Count * BlockSize);
    }

    /// <summary>The positions up to <paramref name="end"/> are planned: blocks that they fill become findable.</summary>
    public void Publish(Sequence sequence, int end)
    {
        sequence.ComputedTokens = end;
        for (int index = sequence.PublishedBlocks; (index + 1) * BlockSize <= end; index++)
        {
            int block = sequence.Blocks[index];
            ReadOnlySpan<int> tokens = TokensOf(sequence, index);
            int node = cache.Tree.Find(sequence.Tail, tokens);
            if (node >= 0)
            {
                // Somebody else has the same history. This step still writes the sequence's own block; afterwards both share the one
                // that is in the tree.
                cache.Hold(node);
                _replacements.Add((sequence, index, node));
            }
            else
            {
                cache.Tree.Insert(sequence.Tail, tokens, block);
                _pending.Add(block);
                node = block;
            }

            sequence.Tail = node;
            sequence.PublishedBlocks = index + 1;
        }
    }

    /// <summary>Shares all blocks of one sequence with another that has none.</summary>
    public void Share(Sequence from, Sequence to)
    {
        foreach (int block in from.Blocks)
        {
            cache.Hold(block);
            to.Blocks.Add(block);
        }

        (to.ComputedTokens, to.PublishedBlocks, to.Tail) = (from.ComputedTokens, from.PublishedBlocks, from.Tail);
    }

    /// <summary>Gives all blocks up, the last one first, so that eviction takes the ends of histories before their beginnings.</summary>
    public void Release(Sequence sequence)
    {
        for (int i = sequence.Blocks.Count - 1; i >= 0; i--)
        {
            cache.Release(sequence.Blocks[i]);
        }

        sequence.Blocks.Clear();
        (sequence.ComputedTokens, sequence.PublishedBlocks, sequence.Tail) = (0, 0, sequence.Root);
    }

    /// <summary>The planned rows have been computed.</summary>
    public void Commit()
    {
        foreach (int block in _pending)
        {
            cache.Tree.MarkComputed(block);
            cache.Reports.Stored(block);
        }

        foreach ((Sequence sequence, int index, int node) in _replacements)
        {
            cache.Release(sequence.Blocks[index]);
            sequence.Blocks[index] = node;
        }

        Clear();
    }

    /// <summary>
    /// The planned rows have not been computed: what they should have written is not findable any more. The sequences that were given
    /// such blocks must be released after this.
    /// </summary>
    public void Withdraw()
    {
        for (int i = _replacements.Count - 1; i >= 0; i--)
        {
            (_, _, int node) = _replacements[i];
            cache.Release(node);
        }

        // Children were published after their parents.
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            cache.Tree.Remove(_pending[i]);
        }

        Clear();
    }


    private void Clear()
    {
        _pending.Clear();
        _replacements.Clear();
        Copies.Clear();
    }

    private bool TryCopyOwn(Sequence sequence, int index)
    {
        int copy = cache.Allocate();
        if (copy == BlockPool.None)
        {
            return false;
        }

        int shared = sequence.Blocks[index];
        Copies.Add(new BlockCopy(shared, copy));
        cache.Release(shared);
        sequence.Blocks[index] = copy;
        return true;
    }

    private ReadOnlySpan<int> TokensOf(Sequence sequence, int index) =>
        CollectionsMarshal.AsSpan(sequence.Tokens).Slice(index * BlockSize, BlockSize);
}

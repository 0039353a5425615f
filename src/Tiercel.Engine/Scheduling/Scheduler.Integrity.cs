using System.Runtime.InteropServices;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Scheduling;

public sealed partial class Scheduler
{
    /// <summary>Recomputes all accounting between two steps and compares.</summary>
    /// <exception cref="InvalidOperationException">Something disagrees; the message shows the state.</exception>
    internal void CheckIntegrity()
    {
        RequireNoOpenPlan();
        int[] holders = new int[_cache.Pool.Total];
        foreach (Sequence sequence in _running)
        {
            foreach (int block in sequence.Blocks)
            {
                holders[block]++;
            }
        }

        BlockAudit.Check(_cache, holders);
        foreach (Sequence sequence in _running)
        {
            CheckTable(sequence);
        }

        foreach (Sequence sequence in _waiting)
        {
            Require(sequence.Blocks.Count == 0 && sequence.ComputedTokens == 0, sequence, "waits and holds blocks");
        }
    }

    private void CheckTable(Sequence sequence)
    {
        if (sequence.Arrival.SingleStep)
        {
            Require(sequence.Blocks.Count == 0, sequence, "is computed in one step and holds blocks");
            return;
        }

        int size = _cache.BlockSize;
        int needed = (sequence.ComputedTokens + size - 1) / size;
        Require(sequence.Blocks.Count == needed, sequence, "has more or fewer blocks than its tokens need");
        Require(sequence.PublishedBlocks == sequence.ComputedTokens / size, sequence, "has full blocks that cannot be found");
        int place = sequence.Root;
        for (int i = 0; i < sequence.PublishedBlocks; i++)
        {
            int block = sequence.Blocks[i];
            ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(sequence.Tokens).Slice(i * size, size);
            bool isNext = _cache.Tree.Contains(block) && _cache.Tree.Parent(block) == place && !_cache.Tree.IsPending(block);
            Require(isNext && tokens.SequenceEqual(_cache.Tree.Tokens(block)), sequence, "holds a block of another history");
            place = block;
        }

        Require(sequence.Tail == place, sequence, "does not know the end of its path");
    }

    private static void Require(bool holds, Sequence sequence, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(
                $"sequence {sequence.Id} {what}: {sequence.Tokens.Count} tokens, {sequence.ComputedTokens} computed, "
                + $"{sequence.PublishedBlocks} published of blocks [{string.Join(' ', sequence.Blocks)}]");
        }
    }
}

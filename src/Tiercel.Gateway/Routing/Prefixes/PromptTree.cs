using System.Runtime.InteropServices;

namespace Tiercel.Gateway.Routing;

/// <summary>
/// Which prompts were sent where: a tree of runs of fingerprint blocks, shared by the replicas of a pool. A prompt that adds to a known one costs one
/// node, whatever its length; a lookup costs the nodes on its path. Each replica has a capacity, and forgets what it used longest ago, ends first.
/// </summary>
internal sealed class PromptTree
{
    /// <summary>By the first block of the run. That block stands for the whole beginning, so no two runs share it.</summary>
    private readonly Dictionary<ulong, PromptNode> _nodes = [];
    private readonly List<HeldRuns?> _slots = [];
    private readonly List<(PromptNode Node, int Matched)> _path = [];
    private readonly LinkedList<TokenChain> _chains = [];
    private readonly long _maxChainBlocks;
    private readonly TimeSpan _memory;
    private long _chainBlocks;

    /// <param name="memory">Age at which a held run no longer counts.</param>
    /// <param name="maxChainBlocks">Token block hashes that are remembered for exact knowledge.</param>
    public PromptTree(TimeSpan memory, long maxChainBlocks)
    {
        _memory = memory;
        _maxChainBlocks = maxChainBlocks;
    }

    public int Nodes => _nodes.Count;

    /// <summary>Bytes of the prompt that the last answer of <see cref="TokenBlocks"/> stands for.</summary>
    public long ChainBytes { get; private set; }

    /// <summary>Blocks that a replica is believed to hold.</summary>
    public long Held(int slot) => _slots[slot]!.Blocks;

    /// <summary>Blocks ever added for a replica.</summary>
    public long Added(int slot) => _slots[slot]!.Added;

    /// <summary>Makes room for one more replica.</summary>
    /// <returns>Its slot: the lowest free number.</returns>
    public int AddSlot(int capacity)
    {
        int slot = _slots.IndexOf(null);
        if (slot < 0)
        {
            slot = _slots.Count;
            _slots.Add(null);
        }

        _slots[slot] = new HeldRuns(capacity);
        return slot;
    }

    public void RemoveSlot(int slot)
    {
        HeldRuns runs = _slots[slot]!;
        while (runs.Oldest is { } oldest)
        {
            Drop(runs, oldest);
        }

        _slots[slot] = null;
    }

    public void SetCapacity(int slot, long blocks)
    {
        HeldRuns runs = _slots[slot]!;
        runs.Capacity = Math.Max(1, blocks);
        Trim(runs);
    }

    /// <summary>What each replica holds of a prompt; <paramref name="bySlot"/> has one entry for each slot.</summary>
    public void Match(PromptFingerprint prompt, TimeSpan now, Span<PrefixMatch> bySlot)
    {
        bySlot.Clear();
        Walk(prompt);
        foreach ((PromptNode node, int matched) in CollectionsMarshal.AsSpan(_path))
        {
            for (HeldRun? run = node.Holders; run is not null; run = run.NextHolder)
            {
                ref PrefixMatch match = ref bySlot[run.Slot];
                long reached = (match.ComputedBytes + match.PendingBytes) / PromptFingerprint.BlockBytes;
                if (reached != node.Depth || now - run.Touched > _memory || run.Mark.State == PrefillState.Lost)
                {
                    continue;
                }

                long bytes = (long)Math.Min(run.Blocks, matched) * PromptFingerprint.BlockBytes;
                long since = _slots[run.Slot]!.Added - run.TouchedAtBlock;
                bool computed = run.Mark.State == PrefillState.Computed && match.PendingBytes == 0;
                match = computed
                    ? new PrefixMatch(match.ComputedBytes + bytes, 0) { BlocksSince = since }
                    : new PrefixMatch(match.ComputedBytes, match.PendingBytes + bytes) { BlocksSince = match.BlocksSince };
            }
        }
    }

    /// <summary>A replica gets a prompt, or uses it again.</summary>
    public void Hold(PromptFingerprint prompt, int slot, PrefillMark mark, TimeSpan now)
    {
        if (prompt.Blocks == 0)
        {
            return;
        }

        HeldRuns runs = _slots[slot]!;
        Extend(prompt);

        // The deepest first, so that the beginning, which all of them need, is the newest.
        for (int i = _path.Count - 1; i >= 0; i--)
        {
            Touch(runs, _path[i].Node, slot, _path[i].Matched, mark, now);
        }

        Trim(runs);
    }

    /// <summary>Remembers which token blocks a prompt consists of.</summary>
    public void Link(PromptFingerprint prompt, TokenChain chain)
    {
        if (prompt.Blocks == 0 || chain.Blocks.Length == 0)
        {
            return;
        }

        Extend(prompt);
        foreach ((PromptNode node, _) in CollectionsMarshal.AsSpan(_path))
        {
            Name(node, chain);
        }

        chain.Place = _chains.AddFirst(chain);
        _chainBlocks += chain.Blocks.Length;
        while (_chainBlocks > _maxChainBlocks && _chains.Last is { } oldest)
        {
            Unlink(oldest.Value);
        }
    }

    /// <summary>The token blocks of the longest known beginning of a prompt; empty when no worker has told any.</summary>
    public ReadOnlySpan<ulong> TokenBlocks(PromptFingerprint prompt)
    {
        Walk(prompt);
        for (int i = _path.Count - 1; i >= 0; i--)
        {
            (PromptNode node, int matched) = _path[i];
            if (node.Chain is { Place: { } place } chain)
            {
                _chains.Remove(place);
                _chains.AddFirst(place);
                int blocks = node.Depth + matched;
                long bytes = blocks == prompt.Blocks && prompt.Bytes == chain.Bytes ? chain.Bytes : (long)blocks * PromptFingerprint.BlockBytes;
                ChainBytes = bytes;
                return chain.Blocks.AsSpan(0, chain.BlocksWithin(bytes));
            }
        }

        return [];
    }

    /// <summary>Fills the path with the nodes that a prompt runs through and how many blocks of each.</summary>
    /// <returns>Blocks of the prompt that are known.</returns>
    private int Walk(PromptFingerprint prompt)
    {
        _path.Clear();
        int done = 0;
        ReadOnlySpan<ulong> beginnings = prompt.Beginnings;
        while (done < beginnings.Length && _nodes.TryGetValue(beginnings[done], out PromptNode? node))
        {
            int matched = node.CommonWith(beginnings[done..]);
            _path.Add((node, matched));
            done += matched;
            if (matched < node.Hashes.Length)
            {
                break;
            }
        }

        return done;
    }

    /// <summary>As <see cref="Walk"/>, and adds what is not there.</summary>
    private void Extend(PromptFingerprint prompt)
    {
        int done = Walk(prompt);
        PromptNode? parent = null;
        if (_path.Count > 0)
        {
            (parent, int matched) = _path[^1];
            if (matched < parent.Hashes.Length)
            {
                if (_nodes.ContainsKey(parent.Hashes[matched]))
                {
                    // Two prompts with one hash: one in 2^64, and worth no more than forgetting the end of this one.
                    return;
                }

                // Also where the prompt ends within a run: its end is not used, and must not become as new as its beginning.
                parent = Split(parent, matched);
                _path[^1] = (parent, matched);
            }
        }

        if (done == prompt.Blocks)
        {
            return;
        }

        if (parent is not null)
        {
            parent.Children++;
        }

        PromptNode added = new(parent, done, prompt.Beginnings[done..].ToArray());
        _nodes.Add(added.Hashes[0], added);
        _path.Add((added, added.Hashes.Length));
    }

    /// <summary>Cuts a run in two: a new node gets its first <paramref name="length"/> blocks, <paramref name="lower"/> keeps the rest and what follows it.</summary>
    /// <returns>The new node.</returns>
    private PromptNode Split(PromptNode lower, int length)
    {
        PromptNode upper = new(lower.Parent, lower.Depth, lower.Hashes[..length]) { Children = 1 };
        lower.Parent = upper;
        lower.Depth += length;
        lower.Hashes = lower.Hashes[length..];
        _nodes[upper.Hashes[0]] = upper;
        _nodes.Add(lower.Hashes[0], lower);
        HeldRun? run = lower.Holders;
        lower.Holders = null;
        while (run is not null)
        {
            HeldRun? next = run.NextHolder;
            HeldRuns runs = _slots[run.Slot]!;
            HeldRun beginning = new(upper, run.Slot)
            {
                Blocks = Math.Min(run.Blocks, length),
                Mark = run.Mark,
                Touched = run.Touched,
                TouchedAtBlock = run.TouchedAtBlock,
                NextHolder = upper.Holders,
            };
            upper.Holders = beginning;
            runs.AddBefore(run, beginning);
            run.Blocks -= beginning.Blocks;
            if (run.Blocks > 0)
            {
                run.NextHolder = lower.Holders;
                lower.Holders = run;
            }
            else
            {
                runs.Remove(run);
            }

            run = next;
        }

        if (lower.Chain is { } chain)
        {
            Name(upper, chain);
        }

        RemoveUnused(lower);
        return upper;
    }

    private static void Touch(HeldRuns runs, PromptNode node, int slot, int blocks, PrefillMark mark, TimeSpan now)
    {
        HeldRun? run = node.Holders;
        while (run is not null && run.Slot != slot)
        {
            run = run.NextHolder;
        }

        if (run is null)
        {
            run = new HeldRun(node, slot) { Mark = mark, NextHolder = node.Holders };
            node.Holders = run;
        }
        else
        {
            runs.Remove(run);
        }

        int grown = Math.Max(0, blocks - run.Blocks);
        if (grown > 0 || run.Mark.State == PrefillState.Lost)
        {
            run.Mark = mark;
        }

        run.Blocks += grown;
        runs.Blocks += grown;
        runs.Added += grown;
        run.Touched = now;
        run.TouchedAtBlock = runs.Added;
        runs.AddNewest(run);
    }

    private void Trim(HeldRuns runs)
    {
        while (runs.Blocks > runs.Capacity && runs.Oldest is { } oldest)
        {
            long excess = runs.Blocks - runs.Capacity;
            if (excess < oldest.Blocks)
            {
                oldest.Blocks -= (int)excess;
                runs.Blocks -= excess;
                return;
            }

            Drop(runs, oldest);
        }
    }

    private void Drop(HeldRuns runs, HeldRun run)
    {
        runs.Remove(run);
        runs.Blocks -= run.Blocks;
        PromptNode node = run.Node;
        if (node.Holders == run)
        {
            node.Holders = run.NextHolder;
        }
        else
        {
            HeldRun before = node.Holders!;
            while (before.NextHolder != run)
            {
                before = before.NextHolder!;
            }

            before.NextHolder = run.NextHolder;
        }

        RemoveUnused(node);
    }

    private void RemoveUnused(PromptNode? node)
    {
        while (node is { IsUnused: true })
        {
            _nodes.Remove(node.Hashes[0]);
            if (node.Parent is { } parent)
            {
                parent.Children--;
            }

            node = node.Parent;
        }
    }

    private static void Name(PromptNode node, TokenChain chain)
    {
        node.Chain = chain;
        chain.Nodes.Add(node);
    }

    private void Unlink(TokenChain chain)
    {
        _chains.Remove(chain.Place!);
        chain.Place = null;
        _chainBlocks -= chain.Blocks.Length;
        foreach (PromptNode node in chain.Nodes)
        {
            if (node.Chain == chain)
            {
                node.Chain = null;
                RemoveUnused(node);
            }
        }
    }
}

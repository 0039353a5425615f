namespace Tiercel.Engine.KvCache;

/// <summary>
/// Which cache blocks are free, held by sequences, or kept: held by nobody but still worth something to the prefix cache. Every block is in
/// exactly one of the three states. All operations take constant time and allocate nothing.
/// </summary>
internal sealed class BlockPool
{
    public const int None = -1;

    private readonly Slot[] _slots;
    private readonly int[] _free;
    private int _oldestKept = None;
    private int _newestKept = None;

    public BlockPool(int blockCount)
    {
        _slots = new Slot[blockCount];
        _free = new int[blockCount];
        for (int i = 0; i < blockCount; i++)
        {
            // The lowest block is handed out first, so that a young pool touches little memory.
            _free[i] = blockCount - 1 - i;
        }

        FreeCount = blockCount;
    }

    private enum SlotState : byte
    {
        Free,
        Held,
        Kept,
    }

    public int Total => _slots.Length;

    public int FreeCount { get; private set; }

    public int KeptCount { get; private set; }

    /// <summary>The kept block that has been without a holder for the longest time, or <see cref="None"/>.</summary>
    public int OldestKept => _oldestKept;

    public int References(int block) => _slots[block].References;

    public bool IsKept(int block) => _slots[block].State == SlotState.Kept;

    public bool IsFree(int block) => _slots[block].State == SlotState.Free;

    /// <summary>The kept block that was given up just after <paramref name="block"/>.</summary>
    public int NextKept(int block) => _slots[block].Next;

    /// <summary>A free block with one holder, or <see cref="None"/>.</summary>
    public int Take()
    {
        if (FreeCount == 0)
        {
            return None;
        }

        int block = _free[--FreeCount];
        Expect(block, SlotState.Free);
        _slots[block].State = SlotState.Held;
        _slots[block].References = 1;
        return block;
    }

    /// <summary>One more holder of a held or kept block.</summary>
    public void Hold(int block)
    {
        ref Slot slot = ref _slots[block];
        if (slot.State == SlotState.Kept)
        {
            Unlink(block);
            slot.State = SlotState.Held;
        }

        Expect(block, SlotState.Held);
        slot.References++;
    }

    /// <summary>One holder less; the last one leaves the block kept, or free.</summary>
    public void Drop(int block, bool keep)
    {
        Expect(block, SlotState.Held);
        ref Slot slot = ref _slots[block];
        if (--slot.References > 0)
        {
            return;
        }

        if (keep)
        {
            slot.State = SlotState.Kept;
            LinkNewest(block);
        }
        else
        {
            PushFree(block);
        }
    }

    /// <summary>Makes a kept block free.</summary>
    public void Forget(int block)
    {
        Expect(block, SlotState.Kept);
        Unlink(block);
        PushFree(block);
    }

    /// <summary>Makes a kept block the newest one.</summary>
    public void Touch(int block)
    {
        if (_slots[block].State == SlotState.Kept)
        {
            Unlink(block);
            LinkNewest(block);
        }
    }

    /// <summary>The free blocks, for the integrity check.</summary>
    public ReadOnlySpan<int> FreeBlocks => _free.AsSpan(0, FreeCount);

    private void PushFree(int block)
    {
        _slots[block].State = SlotState.Free;
        _slots[block].References = 0;
        _free[FreeCount++] = block;
    }

    private void LinkNewest(int block)
    {
        _slots[block].Previous = _newestKept;
        _slots[block].Next = None;
        if (_newestKept == None)
        {
            _oldestKept = block;
        }
        else
        {
            _slots[_newestKept].Next = block;
        }

        _newestKept = block;
        KeptCount++;
    }

    private void Unlink(int block)
    {
        (int previous, int next) = (_slots[block].Previous, _slots[block].Next);
        if (previous == None)
        {
            _oldestKept = next;
        }
        else
        {
            _slots[previous].Next = next;
        }

        if (next == None)
        {
            _newestKept = previous;
        }
        else
        {
            _slots[next].Previous = previous;
        }

        KeptCount--;
    }

    private void Expect(int block, SlotState state)
    {
        if (_slots[block].State != state)
        {
            throw new InvalidOperationException($"block {block} is {_slots[block].State} and not {state}");
        }
    }

    private struct Slot
    {
        public int References;
        public int Previous;
        public int Next;
        public SlotState State;
    }
}

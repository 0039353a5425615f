using System.Buffers;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>A binary heap of words in pooled memory, smallest first.</summary>
internal struct RankHeap : IDisposable
{
    private ulong[] _items;
    private int _count;

    public RankHeap(int capacity)
    {
        _items = ArrayPool<ulong>.Shared.Rent(Math.Max(capacity, 16));
    }

    public void Add(ulong item)
    {
        if (_count == _items.Length)
        {
            Grow();
        }

        ulong[] items = _items;
        int at = _count++;
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (items[parent] <= item)
            {
                break;
            }

            items[at] = items[parent];
            at = parent;
        }

        items[at] = item;
    }

    public bool TryTake(out ulong smallest)
    {
        if (_count == 0)
        {
            smallest = 0;
            return false;
        }

        ulong[] items = _items;
        smallest = items[0];
        ulong last = items[--_count];
        int at = 0;
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && items[child + 1] < items[child])
            {
                child++;
            }

            if (last <= items[child])
            {
                break;
            }

            items[at] = items[child];
            at = child;
        }

        items[at] = last;
        return true;
    }

    public readonly void Dispose() => ArrayPool<ulong>.Shared.Return(_items);

    private void Grow()
    {
        ulong[] larger = ArrayPool<ulong>.Shared.Rent(checked(_items.Length * 2));
        _items.AsSpan(0, _count).CopyTo(larger);
        ArrayPool<ulong>.Shared.Return(_items);
        _items = larger;
    }
}

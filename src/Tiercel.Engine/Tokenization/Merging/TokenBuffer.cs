using System.Buffers;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>Token ids that grow in pooled memory. A struct that must be passed by reference and disposed once.</summary>
internal struct TokenBuffer : IDisposable
{
    private int[] _items;

    public TokenBuffer(int capacity)
    {
        _items = ArrayPool<int>.Shared.Rent(Math.Max(capacity, 16));
    }

    public int Count { get; private set; }

    public readonly ReadOnlySpan<int> Items => _items.AsSpan(0, Count);

    public void Add(int token)
    {
        int[] items = _items;
        int count = Count;
        if ((uint)count < (uint)items.Length)
        {
            items[count] = token;
            Count = count + 1;
        }
        else
        {
            Grow(1);
            _items[Count++] = token;
        }
    }

    public void Add(ReadOnlySpan<int> tokens)
    {
        if (_items.Length - Count < tokens.Length)
        {
            Grow(tokens.Length);
        }

        tokens.CopyTo(_items.AsSpan(Count));
        Count += tokens.Length;
    }

    /// <summary>Forgets all after the first <paramref name="count"/> tokens.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);

    public readonly int[] ToArray() => Items.ToArray();

    public readonly void Dispose() => ArrayPool<int>.Shared.Return(_items);

    private void Grow(int more)
    {
        int[] larger = ArrayPool<int>.Shared.Rent(checked(Math.Max(Count + more, _items.Length * 2)));
        Items.CopyTo(larger);
        ArrayPool<int>.Shared.Return(_items);
        _items = larger;
    }
}

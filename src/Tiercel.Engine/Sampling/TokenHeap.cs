namespace Tiercel.Engine.Sampling;

/// <summary>
/// Keeps the best k tokens of any number offered, in O(log k) a token. Better means a larger logit, and among equals a lower id, so that the
/// kept set is the same whatever the order of the offers. The worst of the kept is at the root.
/// </summary>
/// <param name="entries">Room for k entries; k is at least 1.</param>
internal ref struct TokenHeap(Span<TokenLogprob> entries)
{
    private readonly Span<TokenLogprob> _entries = entries;
    private int _count;

    public readonly bool IsFull => _count == _entries.Length;

    public readonly float WorstLogit => _entries[0].Logprob;

    public readonly int WorstToken => _entries[0].Token;

    public void Offer(float logit, int token)
    {
        var offered = new TokenLogprob(token, logit);
        if (!IsFull)
        {
            _entries[_count++] = offered;
            if (IsFull)
            {
                for (int i = (_count / 2) - 1; i >= 0; i--)
                {
                    SiftDown(i, _count);
                }
            }
        }
        else if (IsWorse(_entries[0], offered))
        {
            _entries[0] = offered;
            SiftDown(0, _count);
        }
    }

    /// <summary>Sorts what was kept, best first, and ends the heap's use.</summary>
    public readonly ReadOnlySpan<TokenLogprob> SortBestFirst()
    {
        // A heap that never filled up has not been ordered yet.
        for (int i = (_count / 2) - 1; i >= 0; i--)
        {
            SiftDown(i, _count);
        }

        for (int end = _count - 1; end > 0; end--)
        {
            (_entries[0], _entries[end]) = (_entries[end], _entries[0]);
            SiftDown(0, end);
        }

        return _entries[.._count];
    }

    private static bool IsWorse(TokenLogprob a, TokenLogprob b) => a.Logprob < b.Logprob || (a.Logprob == b.Logprob && a.Token > b.Token);

    private readonly void SiftDown(int parent, int count)
    {
        while ((2 * parent) + 1 < count)
        {
            int child = (2 * parent) + 1;
            if (child + 1 < count && IsWorse(_entries[child + 1], _entries[child]))
            {
                child++;
            }

            if (!IsWorse(_entries[child], _entries[parent]))
            {
                return;
            }

            (_entries[parent], _entries[child]) = (_entries[child], _entries[parent]);
            parent = child;
        }
    }
}

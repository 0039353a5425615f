namespace Tiercel.Engine.KvCache;

/// <summary>
/// Keeps the names of cached blocks and gathers what a step does to them, while somebody observes; costs nothing otherwise. Step thread only.
/// </summary>
internal sealed class CacheReporter(PrefixTree tree, int blockCount)
{
    private readonly List<ulong> _removed = [];
    private readonly List<(ulong Parent, ulong Block)> _stored = [];
    private readonly List<(string? Salt, BlockHasher.BlockKey Key)> _keys = [];
    private CacheFeed? _feed;
    private ulong[] _names = [];
    private int[] _roots = [];

    /// <summary>Begins to report to a feed, or ends reporting.</summary>
    public void Attach(CacheFeed? feed)
    {
        _feed?.Complete();
        _feed = feed;
        Forget();
        _keys.Clear();
        _names = feed is null ? [] : new ulong[blockCount];
        _roots = feed is null ? [] : new int[blockCount];
        foreach (int block in feed is null ? [] : tree.BlocksTopDown())
        {
            SetName(block);
        }
    }

    /// <summary>A block can be found from now on; its parent was reported before.</summary>
    public void Stored(int block)
    {
        if (_feed is not null)
        {
            SetName(block);
            _stored.Add((ParentName(block), _names[block]));
        }
    }

    /// <summary>A block that can be found is about to be given to somebody else.</summary>
    public void Removed(int block)
    {
        if (_feed is not null)
        {
            _removed.Add(_names[block]);
        }
    }

    /// <summary>Between steps: passes on what was gathered, and all that is held where that was asked for.</summary>
    public void Flush()
    {
        if (_feed is null)
        {
            return;
        }

        if (_feed.WantsSnapshot)
        {
            _feed.PostSnapshot(new CacheChange { IsSnapshot = true, Stored = [.. tree.BlocksTopDown().Select(block => (ParentName(block), _names[block]))] });
        }
        else if (_removed.Count > 0 || _stored.Count > 0)
        {
            _feed.Post(new CacheChange { Removed = [.. _removed], Stored = [.. _stored] });
        }

        Forget();
    }

    private void Forget()
    {
        _removed.Clear();
        _stored.Clear();
    }

    private ulong ParentName(int block) => tree.Parent(block) is >= 0 and int parent ? _names[parent] : 0;

    private void SetName(int block)
    {
        int parent = tree.Parent(block);
        int root = parent < 0 ? ~parent : _roots[parent];
        _roots[block] = root;
        _names[block] = BlockHasher.NameOf(KeyOf(root), ParentName(block), tree.Tokens(block));
    }

    private BlockHasher.BlockKey KeyOf(int root)
    {
        while (_keys.Count <= root)
        {
            _keys.Add(default);
        }

        // A root's number is used again for another salt once nothing is left of the first.
        string salt = tree.Salt(~root);
        if (!ReferenceEquals(_keys[root].Salt, salt))
        {
            _keys[root] = (salt, _feed!.Hashes.KeyOf(salt));
        }

        return _keys[root].Key;
    }
}

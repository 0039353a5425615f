using System.Runtime.InteropServices;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// A tree over full blocks of tokens: the path from a root to a node is the token history whose keys and values the node's block ends. A
/// node is its block, so all state lies in arrays by block. Each salt has a root of its own, so that nothing is found across salts. A
/// child is looked up by hash and then compared token by token; since it is also compared by parent, equality of the whole history
/// follows.
/// </summary>
/// <remarks>A place in the tree is a number: a block, or the complement (~) of a root's index. Not sealed for tests that plant
/// errors.</remarks>
internal class PrefixTree
{
    private const int None = -1;

    // A partial hit looks at the newest children only; a root may have thousands.
    private const int PartialCandidates = 64;

    private readonly int _blockSize;
    private readonly Node[] _nodes;
    private readonly int[] _tokens;
    private readonly int[] _buckets;
    private readonly List<Root> _roots = [];
    private readonly Stack<int> _unusedRoots = [];
    private readonly Dictionary<string, int> _rootOfSalt = [];

    public PrefixTree(int blockCount, int blockSize)
    {
        _blockSize = blockSize;
        _nodes = new Node[blockCount];
        _tokens = new int[checked(blockCount * blockSize)];
        _buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, blockCount) * 2)];
        Array.Fill(_buckets, None);
    }

    /// <summary>Nodes in the tree.</summary>
    public int Count { get; private set; }

    /// <summary>Salts that have nodes or users.</summary>
    public int RootCount => _rootOfSalt.Count;

    /// <summary>Kept bits of the hash; tests force collisions with it.</summary>
    public int HashMask { get; init; } = -1;

    public bool Contains(int block) => _nodes[block].InTree;

    /// <summary>Whether the step that writes the node's block has not been completed.</summary>
    public bool IsPending(int block) => _nodes[block].Pending;

    public int Parent(int block) => _nodes[block].Parent;

    public bool HasChildren(int block) => _nodes[block].FirstChild != None;

    /// <summary>The salt of a root that has nodes or users.</summary>
    public string Salt(int root) => RootAt(root).Salt ?? throw new InvalidOperationException("the root is not in use");

    /// <summary>All computed blocks, parents before their children. The tree must not change meanwhile.</summary>
    public IEnumerable<int> BlocksTopDown()
    {
        Stack<int> open = new();
        foreach (Root root in _roots)
        {
            if (root.FirstChild != None && root.Salt is not null)
            {
                open.Push(root.FirstChild);
            }
        }

        while (open.TryPop(out int block))
        {
            if (_nodes[block].NextSibling != None)
            {
                open.Push(_nodes[block].NextSibling);
            }

            if (_nodes[block].FirstChild != None)
            {
                open.Push(_nodes[block].FirstChild);
            }

            // Below a pending block all blocks are pending.
            if (!_nodes[block].Pending)
            {
                yield return block;
            }
        }
    }

    public ReadOnlySpan<int> Tokens(int block) => _tokens.AsSpan(block * _blockSize, _blockSize);

    /// <summary>The place where histories of a salt begin. Every call must be paired with <see cref="CloseRoot"/>.</summary>
    public virtual int OpenRoot(string salt)
    {
        if (!_rootOfSalt.TryGetValue(salt, out int index))
        {
            index = _unusedRoots.TryPop(out int unused) ? unused : _roots.Count;
            if (index == _roots.Count)
            {
                _roots.Add(default);
            }

            _roots[index] = new Root { Salt = salt, FirstChild = None };
            _rootOfSalt.Add(salt, index);
        }

        RootAt(~index).Users++;
        return ~index;
    }

    public void CloseRoot(int root)
    {
        RootAt(root).Users--;
        DiscardIfUnused(root);
    }

    /// <summary>The child of a place that holds exactly these tokens, or -1.</summary>
    /// <param name="tokens">[block size]</param>
    public int Find(int place, ReadOnlySpan<int> tokens)
    {
        int hash = HashOf(place, tokens);
        for (int node = _buckets[hash & (_buckets.Length - 1)]; node != None; node = _nodes[node].NextInBucket)
        {
            if (_nodes[node].Hash == hash && _nodes[node].Parent == place && SameTokens(node, tokens))
            {
                return node;
            }
        }

        return None;
    }

    /// <summary>
    /// The computed child of a place that shares the longest beginning with the tokens, and the length of that beginning.
    /// </summary>
    public (int Block, int Shared) FindLongest(int place, ReadOnlySpan<int> tokens)
    {
        (int best, int shared) = (None, 0);
        int seen = 0;
        for (int node = FirstChild(place); node != None && seen < PartialCandidates; node = _nodes[node].NextSibling, seen++)
        {
            int length = _nodes[node].Pending ? 0 : tokens.CommonPrefixLength(Tokens(node));
            if (length > shared)
            {
                (best, shared) = (node, length);
            }
        }

        return (best, shared);
    }

    /// <summary>Adds a block below a place. It can be found at once, and copied from only after <see cref="MarkComputed"/>.</summary>
    public void Insert(int place, ReadOnlySpan<int> tokens, int block)
    {
        ref Node node = ref _nodes[block];
        if (node.InTree || tokens.Length != _blockSize)
        {
            throw new InvalidOperationException($"block {block} cannot enter the prefix tree");
        }

        tokens.CopyTo(_tokens.AsSpan(block * _blockSize));
        int hash = HashOf(place, tokens);
        ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
        ref int first = ref FirstChild(place);
        node = new Node
        {
            InTree = true,
            Pending = true,
            Parent = place,
            FirstChild = None,
            PreviousSibling = None,
            NextSibling = first,
            Hash = hash,
            NextInBucket = bucket,
        };
        if (first != None)
        {
            _nodes[first].PreviousSibling = block;
        }

        first = block;
        bucket = block;
        Count++;
    }

    public void MarkComputed(int block) => _nodes[block].Pending = false;

    /// <summary>Removes a leaf.</summary>
    public void Remove(int block)
    {
        ref Node node = ref _nodes[block];
        if (!node.InTree || node.FirstChild != None)
        {
            throw new InvalidOperationException($"block {block} is not a leaf of the prefix tree");
        }

        ref int link = ref _buckets[node.Hash & (_buckets.Length - 1)];
        while (link != block)
        {
            link = ref _nodes[link].NextInBucket;
        }

        link = node.NextInBucket;
        if (node.NextSibling != None)
        {
            _nodes[node.NextSibling].PreviousSibling = node.PreviousSibling;
        }

        (node.PreviousSibling == None ? ref FirstChild(node.Parent) : ref _nodes[node.PreviousSibling].NextSibling) = node.NextSibling;
        int parent = node.Parent;
        node = default;
        Count--;
        if (parent < 0)
        {
            DiscardIfUnused(parent);
        }
    }

    /// <summary>Whether a node holds exactly these tokens: the hash alone proves nothing.</summary>
    protected virtual bool SameTokens(int block, ReadOnlySpan<int> tokens) => tokens.SequenceEqual(Tokens(block));

    private int HashOf(int place, ReadOnlySpan<int> tokens)
    {
        ulong hash = (uint)place + 0x9E3779B97F4A7C15UL;
        foreach (int token in tokens)
        {
            hash = (hash ^ (uint)token) * 0xFF51AFD7ED558CCDUL;
            hash ^= hash >> 32;
        }

        return (int)hash & HashMask;
    }

    private ref int FirstChild(int place)
    {
        if (place < 0)
        {
            return ref RootAt(place).FirstChild;
        }

        return ref _nodes[place].FirstChild;
    }

    private ref Root RootAt(int place) => ref CollectionsMarshal.AsSpan(_roots)[~place];

    private void DiscardIfUnused(int place)
    {
        ref Root root = ref RootAt(place);
        if (root.Users == 0 && root.FirstChild == None && root.Salt is { } salt)
        {
            _rootOfSalt.Remove(salt);
            _unusedRoots.Push(~place);
            root.Salt = null;
        }
    }

    private struct Node
    {
        public int Parent;
        public int FirstChild;
        public int PreviousSibling;
        public int NextSibling;
        public int Hash;
        public int NextInBucket;
        public bool InTree;
        public bool Pending;
    }

    private struct Root
    {
        public string? Salt;
        public int FirstChild;
        public int Users;
    }
}

using System.Numerics;

namespace Tiercel.Engine.Tokenization.Specials;

/// <summary>A trie over byte strings. Its edges are in one hash table: node and byte in the upper 36 bits of a word, the child below.</summary>
internal sealed class ByteTrie
{
    public const int Root = 0;
    public const int None = -1;

    private const int ChildBits = 28;

    private readonly List<int> _tokens = [None];
    private ulong[] _edges = new ulong[1024];
    private int _edgeCount;

    public void Add(ReadOnlySpan<byte> key, int token)
    {
        int node = Root;
        foreach (byte value in key)
        {
            int child = Step(node, value);
            node = child != None ? child : AddChild(node, value);
        }

        if (_tokens[node] == None)
        {
            _tokens[node] = token;
        }
    }

    /// <summary>The child of a node, or <see cref="None"/>.</summary>
    public int Step(int node, byte value)
    {
        ulong key = ((ulong)(uint)node << 8) | value;
        ulong[] edges = _edges;
        int mask = edges.Length - 1;
        for (int index = Start(key, mask); ; index = (index + 1) & mask)
        {
            ulong edge = edges[index & mask];
            if (edge == 0)
            {
                return None;
            }

            if (edge >> ChildBits == key)
            {
                return (int)(edge & ((1u << ChildBits) - 1));
            }
        }
    }

    /// <summary>The token that ends at a node, or <see cref="None"/>.</summary>
    public int TokenAt(int node) => _tokens[node];

    private int AddChild(int node, byte value)
    {
        if (_tokens.Count >= 1 << ChildBits)
        {
            throw new Formats.ModelFormatException($"metadata key '{Vocabularies.TokenizerKeys.Tokens}' holds more text than a vocabulary can have");
        }

        if (_edgeCount * 2 >= _edges.Length)
        {
            Grow();
        }

        int child = _tokens.Count;
        _tokens.Add(None);
        Insert(_edges, ((((ulong)(uint)node << 8) | value) << ChildBits) | (uint)child);
        _edgeCount++;
        return child;
    }

    private void Grow()
    {
        ulong[] larger = new ulong[_edges.Length * 2];
        foreach (ulong edge in _edges)
        {
            if (edge != 0)
            {
                Insert(larger, edge);
            }
        }

        _edges = larger;
    }

    private static void Insert(ulong[] edges, ulong edge)
    {
        int mask = edges.Length - 1;
        int index = Start(edge >> ChildBits, mask);
        while (edges[index] != 0)
        {
            index = (index + 1) & mask;
        }

        edges[index] = edge;
    }

    private static int Start(ulong key, int mask) => (int)((key * 0x9E3779B97F4A7C15) >> (63 - BitOperations.Log2((uint)mask)));
}

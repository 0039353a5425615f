using System.Numerics;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>Byte string to token id: open addressing, a slot holds 32 bits of hash and the id, so that a miss rarely touches the bytes.</summary>
internal sealed class PieceTable
{
    private readonly TokenBytes _keys;
    private readonly ulong[] _slots;
    private readonly int _mask;

    /// <param name="keys">The bytes of each token; the tokens with none are not in the table. Of two with the same bytes the first is found.</param>
    public PieceTable(TokenBytes keys)
    {
        _keys = keys;
        _mask = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(keys.Count * 2, 16)) - 1;
        _slots = new ulong[_mask + 1];
        for (int token = 0; token < keys.Count; token++)
        {
            ReadOnlySpan<byte> key = keys[token];
            LongestKey = Math.Max(LongestKey, key.Length);
            if (key.Length > 0)
            {
                Insert(token, key);
            }
        }
    }

    /// <summary>Bytes of the longest key: anything longer need not be looked up.</summary>
    public int LongestKey { get; }

    public ReadOnlySpan<byte> KeyOf(int token) => _keys[token];

    /// <summary>The token with these bytes, or -1.</summary>
    public int Find(ReadOnlySpan<byte> piece) => piece.Length > LongestKey ? -1 : Find(piece, PieceHash.Of(piece));

    /// <summary>As the other overload, for a caller that has the hash.</summary>
    public int Find(ReadOnlySpan<byte> piece, ulong hash)
    {
        ulong[] slots = _slots;
        for (int index = (int)hash & _mask; ; index = (index + 1) & _mask)
        {
            ulong slot = slots[index];
            if (slot == 0)
            {
                return -1;
            }

            if ((slot ^ hash) >> 32 == 0)
            {
                int token = (int)(uint)slot - 1;
                if (_keys[token].SequenceEqual(piece))
                {
                    return token;
                }
            }
        }
    }

    private void Insert(int token, ReadOnlySpan<byte> key)
    {
        ulong hash = PieceHash.Of(key);
        if (Find(key, hash) >= 0)
        {
            return;
        }

        int index = (int)hash & _mask;
        while (_slots[index] != 0)
        {
            index = (index + 1) & _mask;
        }

        _slots[index] = (hash & 0xFFFFFFFF_00000000) | (uint)(token + 1);
    }
}

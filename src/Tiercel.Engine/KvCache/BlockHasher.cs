using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// Names token blocks by 64 bits: SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) over the parent's name and the block's tokens, under a
/// key of its own for each salt. Without the key nobody can tell from a name what a tenant's prompt is, nor make two prompts of one name. Names are for
/// routing: the cache itself compares tokens.
/// </summary>
public sealed class BlockHasher
{
    private readonly byte[] _key;

    /// <param name="key">The same for all engines whose blocks are compared; any length.</param>
    public BlockHasher(ReadOnlySpan<byte> key)
    {
        _key = SHA256.HashData(key);
    }

    /// <summary>The names of the full blocks that a prompt consists of, each under the one before it.</summary>
    public ulong[] Chain(string salt, IReadOnlyList<int> tokens, int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        ulong[] chain = new ulong[tokens.Count / blockSize];
        BlockKey key = KeyOf(salt);
        int[] block = new int[blockSize];
        ulong parent = 0;
        for (int i = 0; i < chain.Length; i++)
        {
            for (int j = 0; j < blockSize; j++)
            {
                block[j] = tokens[(i * blockSize) + j];
            }

            chain[i] = parent = NameOf(key, parent, block);
        }

        return chain;
    }

    internal static ulong NameOf(in BlockKey key, ulong parent, ReadOnlySpan<int> tokens)
    {
        SipState state = new(key);
        state.Add(parent);
        ReadOnlySpan<int> rest = tokens;
        for (; rest.Length >= 2; rest = rest[2..])
        {
            state.Add((uint)rest[0] | ((ulong)(uint)rest[1] << 32));
        }

        // The last word holds what is left and the length in bytes, as in the paper.
        ulong bytes = sizeof(ulong) + ((ulong)tokens.Length * sizeof(int));
        ulong name = state.Finish((rest.Length > 0 ? (uint)rest[0] : 0UL) | (bytes << 56));
        return name == 0 ? 1 : name;
    }

    internal BlockKey KeyOf(string salt)
    {
        byte[] hash = HMACSHA256.HashData(_key, MemoryMarshal.AsBytes(salt.AsSpan()));
        return new BlockKey(BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(8)));
    }

    internal readonly record struct BlockKey(ulong Low, ulong High);

    private ref struct SipState
    {
        private ulong _v0;
        private ulong _v1;
        private ulong _v2;
        private ulong _v3;

        public SipState(in BlockKey key)
        {
            _v0 = 0x736f6d6570736575UL ^ key.Low;
            _v1 = 0x646f72616e646f6dUL ^ key.High;
            _v2 = 0x6c7967656e657261UL ^ key.Low;
            _v3 = 0x7465646279746573UL ^ key.High;
        }

        public void Add(ulong word)
        {
            _v3 ^= word;
            Round();
            Round();
            _v0 ^= word;
        }

        public ulong Finish(ulong last)
        {
            Add(last);
            _v2 ^= 0xff;
            for (int i = 0; i < 4; i++)
            {
                Round();
            }

            return _v0 ^ _v1 ^ _v2 ^ _v3;
        }

        private void Round()
        {
            _v0 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}

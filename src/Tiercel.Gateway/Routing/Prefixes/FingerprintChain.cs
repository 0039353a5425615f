using System.Numerics;
using System.Runtime.InteropServices;

namespace Tiercel.Gateway.Routing;

/// <summary>
/// The hash behind <see cref="PromptFingerprint"/>. A block is hashed by NH of 64-bit words (the universal hash of UMAC: sums of products of words
/// plus secret numbers, modulo 2^128; two blocks collide with a chance of 2^-64), then mixed into the chain.
/// </summary>
internal struct FingerprintChain(FingerprintKey key, ulong root)
{
    private readonly FingerprintKey _key = key;
    private ulong _state = root;

    /// <summary>Hashes the full blocks of <paramref name="bytes"/>; one hash for each goes to <paramref name="beginnings"/>.</summary>
    public void Add(ReadOnlySpan<byte> bytes, Span<ulong> beginnings)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes[..(beginnings.Length * PromptFingerprint.BlockBytes)]);
        int length = _key.Block.Length;
        for (int i = 0; i < beginnings.Length; i++)
        {
            beginnings[i] = Step(words.Slice(i * length, length), PromptFingerprint.BlockBytes);
        }
    }

    /// <summary>Hashes everything, the last block filled up with zeros; the length is part of the hash.</summary>
    public ulong AddAll(ReadOnlySpan<byte> bytes)
    {
        Span<byte> last = stackalloc byte[PromptFingerprint.BlockBytes];
        do
        {
            int taken = Math.Min(bytes.Length, last.Length);
            last.Clear();
            bytes[..taken].CopyTo(last);
            Step(MemoryMarshal.Cast<byte, ulong>(last), taken);
            bytes = bytes[taken..];
        }
        while (!bytes.IsEmpty);
        return _state;
    }

    private ulong Step(ReadOnlySpan<ulong> words, int length)
    {
        ReadOnlySpan<ulong> numbers = _key.Block[..words.Length];
        ulong low0 = 0, high0 = 0, low1 = 0, high1 = 0;
        for (int i = 0; i + 4 <= words.Length; i += 4)
        {
            ulong high = Math.BigMul(words[i] + numbers[i], words[i + 1] + numbers[i + 1], out ulong low);
            low0 += low;
            high0 += high + (low0 < low ? 1UL : 0UL);
            high = Math.BigMul(words[i + 2] + numbers[i + 2], words[i + 3] + numbers[i + 3], out low);
            low1 += low;
            high1 += high + (low1 < low ? 1UL : 0UL);
        }

        // Both halves of the sum and the state before it pass a multiplication with secret numbers, so that equal blocks after unequal beginnings differ.
        low0 += low1;
        high0 += high1 + (low0 < low1 ? 1UL : 0UL);
        ReadOnlySpan<ulong> chain = _key.Chain;
        ulong first = Fold(low0 ^ chain[0], _state ^ chain[1]);
        ulong second = Fold(high0 ^ chain[2], BitOperations.RotateLeft(_state, 32) ^ chain[3] ^ (ulong)length);
        return _state = Finish(first + BitOperations.RotateLeft(second, 23));
    }

    private static ulong Fold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }

    /// <summary>The finaliser of SplitMix64: every bit of the state reaches every bit of the hash.</summary>
    private static ulong Finish(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}

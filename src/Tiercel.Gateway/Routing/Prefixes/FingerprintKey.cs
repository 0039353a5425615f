using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tiercel.Gateway.Routing;

/// <summary>
/// Secret numbers of one process that make fingerprints unpredictable: without them nobody can write two prompts that look like one, or learn from a
/// fingerprint what a prompt says.
/// </summary>
internal sealed class FingerprintKey
{
    /// <summary>One number for each eight bytes of a block, and those of the chain's step.</summary>
    private const int Numbers = PromptFingerprint.BlockBytes / sizeof(ulong) + ChainNumbers;
    private const int ChainNumbers = 4;

    private readonly ulong[] _numbers = new ulong[Numbers];

    private FingerprintKey(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < Numbers; i++)
        {
            _numbers[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        }
    }

    /// <summary>Numbers that blocks are multiplied with.</summary>
    public ReadOnlySpan<ulong> Block => _numbers.AsSpan(0, Numbers - ChainNumbers);

    /// <summary>Numbers that the step from one block to the next is mixed with.</summary>
    public ReadOnlySpan<ulong> Chain => _numbers.AsSpan(Numbers - ChainNumbers);

    /// <summary>The key that follows from a secret: the same for the same secret.</summary>
    public static FingerprintKey From(ReadOnlySpan<byte> secret)
    {
        Span<byte> bytes = stackalloc byte[Numbers * sizeof(ulong)];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, bytes, salt: default, info: "tiercel prompt fingerprint"u8);
        return new FingerprintKey(bytes);
    }
}

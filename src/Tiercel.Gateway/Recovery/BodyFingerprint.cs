using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tiercel.Gateway.Recovery;

/// <summary>
/// Recognises a request that is sent again: a keyed hash (HMAC-SHA256, its first 128 bits) of tenant, path and body. Made only when a worker died or a suspect
/// is known.
/// </summary>
internal static class BodyFingerprint
{
    public static UInt128 Of(ReadOnlySpan<byte> key, string tenant, string path, ReadOnlySequence<byte> body)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Append(hash, tenant);
        Append(hash, path);
        foreach (ReadOnlyMemory<byte> segment in body)
        {
            hash.AppendData(segment.Span);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }

    /// <summary>With its length before it, so that two parts cannot be mistaken for two others.</summary>
    private static void Append(IncrementalHash hash, string part)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(part);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

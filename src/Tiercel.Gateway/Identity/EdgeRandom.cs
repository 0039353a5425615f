using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tiercel.Gateway.Identity;

/// <summary>The one source of ids and sampling seeds: a counter hashed by SplitMix64, so that a seed gives the same run again.</summary>
internal sealed class EdgeRandom
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private ulong _state;

    public EdgeRandom(ulong? seed)
    {
        _state = seed ?? BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    }

    public ulong Next()
    {
        ulong z = Interlocked.Add(ref _state, Step);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>An id of 128 bits, in hexadecimal after a prefix.</summary>
    public string NextId(string prefix) => $"{prefix}{Next():x16}{Next():x16}";
}

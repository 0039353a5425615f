using System.Buffers;

namespace Tiercel.Gateway.Recovery;

/// <summary>Recognises a request that is sent again: a keyed hash of tenant, path and body. Made only when a worker died or a suspect is known.</summary>
internal static class BodyFingerprint
{
    public static UInt128 Of(ReadOnlySpan<byte> key, string tenant, string path, ReadOnlySequence<byte> body) => throw new NotSupportedException();
}

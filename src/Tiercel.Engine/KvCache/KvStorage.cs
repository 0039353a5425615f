using Tiercel.Engine.Models;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// The memory of the key/value cache: blocks of <see cref="BlockSize"/> tokens, each holding all layers, one layer's slice contiguous. Which
/// sequence owns which block is decided elsewhere.
/// </summary>
public sealed class KvStorage : IDisposable
{
    /// <summary>Tokens in a block.</summary>
    public const int BlockSize = 32;

    public KvStorage(ModelSpec spec, KvType type, int blockCount)
    {
        Type = type;
        BlockCount = blockCount;
    }

    public KvType Type { get; }

    public int BlockCount { get; }

    /// <summary>Bytes one block takes for a model.</summary>
    public static long BytesPerBlock(ModelSpec spec, KvType type) => throw new NotImplementedException();

    /// <summary>Copies a whole block, for copy-on-write of a partial one.</summary>
    public void CopyBlock(int source, int destination) => throw new NotImplementedException();

    public void Dispose()
    {
    }
}

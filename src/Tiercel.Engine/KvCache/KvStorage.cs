using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// The memory of the key/value cache: blocks of <see cref="BlockSize"/> tokens, each holding all layers, one layer's slice contiguous. Which
/// sequence owns which block is decided elsewhere. The memory is zeroed and large, so the system commits a page when it is first written.
/// </summary>
public sealed unsafe class KvStorage : IDisposable
{
    /// <summary>Tokens in a block.</summary>
    public const int BlockSize = 32;

    private const int CacheLine = 64;

    private void* _allocation;
    private byte* _start;

    public KvStorage(ModelSpec spec, KvType type, int blockCount)
        : this(KvLayout.Of(spec, type), blockCount)
    {
    }

    internal KvStorage(KvLayout layout, int blockCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blockCount);
        Layout = layout;
        BlockCount = blockCount;
        nuint bytes = checked(((nuint)blockCount * (nuint)layout.BlockBytes) + CacheLine);
        _allocation = NativeMemory.AllocZeroed(bytes);
        _start = (byte*)(((nuint)_allocation + CacheLine - 1) / CacheLine * CacheLine);
    }

    public KvType Type => Layout.Type;

    public int BlockCount { get; }

    internal KvLayout Layout { get; }

    /// <summary>Bytes one block takes for a model.</summary>
    public static long BytesPerBlock(ModelSpec spec, KvType type) => KvLayout.Of(spec, type).BlockBytes;

    /// <summary>Copies a whole block, for copy-on-write of a partial one.</summary>
    public void CopyBlock(int source, int destination)
    {
        CheckBlock(source);
        CheckBlock(destination);
        long bytes = Layout.BlockBytes;
        Buffer.MemoryCopy(_start + (source * bytes), _start + (destination * bytes), bytes, bytes);
    }

    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        _start = null;
    }

    /// <summary>Stores keys and values of one token in one layer.</summary>
    /// <param name="block">Block of the token.</param>
    /// <param name="slot">Its place in the block, from 0.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="keys">[heads * key length].</param>
    /// <param name="values">[heads * value length].</param>
    internal void Write(int block, int slot, int layer, ReadOnlySpan<float> keys, ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)BlockSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(keys.Length, Layout.HeadCount * Layout.KeyLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, Layout.HeadCount * Layout.ValueLength);
        for (int head = 0; head < Layout.HeadCount; head++)
        {
            byte* address = GetHead(block, layer, head);
            KvRows.WriteKey(Layout.Type, address, slot, keys.Slice(head * Layout.KeyLength, Layout.KeyLength));
            KvRows.WriteValue(Layout.Type, address + Layout.KeyBytes, slot, values.Slice(head * Layout.ValueLength, Layout.ValueLength));
        }
    }

    /// <summary>First byte of the keys of a head; its values follow <see cref="KvLayout.KeyBytes"/> later.</summary>
    internal byte* GetHead(int block, int layer, int head)
    {
        CheckBlock(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)Layout.LayerCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)head, (uint)Layout.HeadCount);
        return _start + (block * Layout.BlockBytes) + (layer * Layout.LayerBytes) + (head * (long)(Layout.KeyBytes + Layout.ValueBytes));
    }

    private void CheckBlock(int block)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)block, (uint)BlockCount);
    }
}

using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The blocks that clients' connections read into and write from. The web server's own have 4 KiB, which makes a hundred system calls of a prompt of 400 KB;
/// these have as much as a socket usually holds. Connections that are quiet hold none.
/// </summary>
internal sealed class ConnectionMemory : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 32 * 1024;

    /// <summary>Blocks that are kept when nobody needs them: 8 MiB.</summary>
    private const int MaxKept = 256;

    private readonly ConcurrentStack<Block> _free = new();
    private int _kept;

    public override int MaxBufferSize => BlockBytes;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_free.TryPop(out Block? block))
        {
            Interlocked.Decrement(ref _kept);
            return block.Again();
        }

        return new Block(this);
    }

    protected override void Dispose(bool disposing) => _free.Clear();

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _kept) <= MaxKept)
        {
            _free.Push(block);
        }
        else
        {
            Interlocked.Decrement(ref _kept);
        }
    }

    private sealed class Block(ConnectionMemory pool) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        private int _isRented = 1;

        public Memory<byte> Memory => _bytes;

        public Block Again()
        {
            _isRented = 1;
            return this;
        }

        /// <summary>A block that is given back twice must not be rented twice: two connections would share it.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isRented, 0) != 0)
            {
                pool.Return(this);
            }
        }
    }
}

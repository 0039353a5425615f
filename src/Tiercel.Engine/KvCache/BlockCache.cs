namespace Tiercel.Engine.KvCache;

/// <summary>
/// The blocks of the key/value cache together with the prefix tree over them: hands out blocks, and when none is free, evicts the block
/// that has gone unused for the longest time.
/// </summary>
/// <remarks>
/// Whoever holds a node holds the whole path to it, and gives it up leaf first. A node therefore becomes unreferenced only after all its
/// children have, and the list of kept blocks has children before their parents: its oldest entry is always a leaf, and eviction takes
/// constant time. Not sealed for tests that plant errors.
/// </remarks>
internal class BlockCache(BlockPool pool, PrefixTree tree, int blockSize)
{
    public BlockCache(int blockCount, int blockSize)
        : this(new BlockPool(blockCount), new PrefixTree(blockCount, blockSize), blockSize)
    {
    }

    public int BlockSize => blockSize;

    public BlockPool Pool => pool;

    public PrefixTree Tree => tree;

    /// <summary>Tells observers what the tree holds.</summary>
    public CacheReporter Reports { get; } = new(tree, pool.Total);

    /// <summary>Blocks that could be had now: free ones, and kept ones, which can all be evicted.</summary>
    public int Available => pool.FreeCount + pool.KeptCount;

    /// <summary>A block of one's own, or <see cref="BlockPool.None"/>.</summary>
    public int Allocate()
    {
        if (pool.FreeCount == 0 && pool.OldestKept != BlockPool.None)
        {
            int oldest = pool.OldestKept;
            Reports.Removed(oldest);
            tree.Remove(oldest);
            pool.Forget(oldest);
        }

        return pool.Take();
    }

    public void Hold(int block) => pool.Hold(block);

    /// <summary>Gives a block up. One that the tree knows stays findable until it is evicted.</summary>
    public virtual void Release(int block) => pool.Drop(block, keep: tree.Contains(block));

    /// <summary>Whether others hold the block too, so that it must be copied before it is written.</summary>
    public virtual bool IsShared(int block) => pool.References(block) > 1;
}

using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Tests.KvCache;

public class BlockCacheTests
{
    [Fact]
    public void Eviction_takes_the_block_unused_for_longest_and_children_before_parents()
    {
        BlockCache cache = new(4, 2);
        int root = cache.Tree.OpenRoot("");
        int[] old = Path(cache, root, [1, 2], [3, 4]);
        int[] recent = Path(cache, root, [5, 6], [7, 8]);
        Release(cache, old);
        Release(cache, recent);
        Assert.Equal((0, 4, 4), (cache.Pool.FreeCount, cache.Pool.KeptCount, cache.Available));
        Assert.Equal([old[1], old[0], recent[1], recent[0], BlockPool.None], Enumerable.Range(0, 5).Select(_ => cache.Allocate()));
        BlockAudit.Check(cache, [1, 1, 1, 1]);
    }

    [Fact]
    public void A_held_block_is_not_evicted()
    {
        BlockCache cache = new(3, 2);
        int[] path = Path(cache, cache.Tree.OpenRoot(""), [1, 2], [3, 4], [5, 6]);
        Release(cache, path);
        cache.Hold(path[0]);
        cache.Hold(path[1]);
        Assert.Equal(path[2], cache.Allocate());
        Assert.Equal(BlockPool.None, cache.Allocate());
        Assert.Equal(path[1], cache.Tree.Find(path[0], [3, 4]));
    }

    [Fact]
    public void The_audit_sees_a_wrong_count_and_a_lost_block()
    {
        BlockCache cache = new(3, 2);
        int block = cache.Allocate();
        int[] holders = new int[3];
        string message = Assert.Throws<InvalidOperationException>(() => BlockAudit.Check(cache, holders)).Message;
        Assert.Contains($"block {block} counts 1 holders and has 0", message, StringComparison.Ordinal);
        holders[block] = 1;
        BlockAudit.Check(cache, holders);
        cache.Pool.Drop(block, keep: true);
        holders[block] = 0;
        Assert.Throws<InvalidOperationException>(() => BlockAudit.Check(cache, holders));
    }

    [Fact]
    public void A_block_cannot_be_given_back_twice()
    {
        BlockCache cache = new(2, 2);
        int block = cache.Allocate();
        cache.Release(block);
        Assert.Throws<InvalidOperationException>(() => cache.Release(block));
        Assert.Throws<InvalidOperationException>(() => cache.Hold(block));
    }

    private static int[] Path(BlockCache cache, int place, params int[][] tokens)
    {
        List<int> path = [];
        foreach (int[] block in tokens)
        {
            path.Add(cache.Allocate());
            cache.Tree.Insert(place, block, path[^1]);
            cache.Tree.MarkComputed(path[^1]);
            place = path[^1];
        }

        return [.. path];
    }

    private static void Release(BlockCache cache, int[] path)
    {
        foreach (int block in path.Reverse())
        {
            cache.Release(block);
        }
    }
}

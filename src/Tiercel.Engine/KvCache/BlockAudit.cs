using System.Runtime.CompilerServices;
using System.Text;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// Recomputes from scratch what the cache's bookkeeping should say. For tests and Debug builds: it visits every block.
/// </summary>
internal static class BlockAudit
{
    /// <summary>Checks that every block is free, held or kept, and that counts, lists and tree agree.</summary>
    /// <param name="holders">[blocks] How many times each block is really held.</param>
    /// <exception cref="InvalidOperationException">Something disagrees; the message says what and shows every block.</exception>
    public static void Check(BlockCache cache, ReadOnlySpan<int> holders)
    {
        (BlockPool pool, PrefixTree tree) = (cache.Pool, cache.Tree);
        int held = 0;
        int nodes = 0;
        for (int block = 0; block < pool.Total; block++)
        {
            int counted = pool.References(block);
            Require(counted == holders[block], cache, holders, $"block {block} counts {counted} holders and has {holders[block]}");
            held += holders[block] > 0 ? 1 : 0;
            bool shouldBeKept = holders[block] == 0 && tree.Contains(block);
            Require(pool.IsKept(block) == shouldBeKept, cache, holders, $"block {block} is kept without need, or not kept");
            bool shouldBeFree = holders[block] == 0 && !shouldBeKept;
            Require(pool.IsFree(block) == shouldBeFree, cache, holders, $"block {block} is free and in use, or lost");
            if (tree.Contains(block))
            {
                nodes++;
                CheckNode(cache, holders, block);
            }
        }

        bool complete = pool.FreeCount + held + pool.KeptCount == pool.Total;
        Require(complete, cache, holders, $"{pool.FreeCount} free + {held} held + {pool.KeptCount} kept are not {pool.Total}");
        Require(tree.Count == nodes, cache, holders, $"the tree counts {tree.Count} nodes and has {nodes}");
        CheckLists(cache, holders);
    }

    private static void CheckNode(BlockCache cache, ReadOnlySpan<int> holders, int block)
    {
        int parent = cache.Tree.Parent(block);
        Require(parent < 0 || cache.Tree.Contains(parent), cache, holders, $"the parent {parent} of block {block} is not in the tree");
        bool pathHeld = parent < 0 || holders[block] == 0 || holders[parent] > 0;
        Require(pathHeld, cache, holders, $"block {block} is held and its parent {parent} is not");
        Require(cache.Tree.Find(parent, cache.Tree.Tokens(block)) == block, cache, holders, $"block {block} cannot be found");
    }

    private static void CheckLists(BlockCache cache, ReadOnlySpan<int> holders)
    {
        HashSet<int> seen = [];
        foreach (int block in cache.Pool.FreeBlocks)
        {
            Require(seen.Add(block) && cache.Pool.IsFree(block), cache, holders, $"block {block} is free twice, or not free");
        }

        int kept = 0;
        for (int block = cache.Pool.OldestKept; block != BlockPool.None; block = cache.Pool.NextKept(block))
        {
            Require(seen.Add(block) && cache.Pool.IsKept(block), cache, holders, $"block {block} is kept twice, or not kept");
            int parent = cache.Tree.Parent(block);
            Require(parent < 0 || !seen.Contains(parent), cache, holders, $"block {block} would be evicted after its parent {parent}");
            kept++;
        }

        Require(kept == cache.Pool.KeptCount, cache, holders, $"{cache.Pool.KeptCount} kept blocks counted and {kept} listed");
    }

    private static void Require(
        bool holds, BlockCache cache, ReadOnlySpan<int> holders, [InterpolatedStringHandlerArgument(nameof(holds))] ref AuditMessage what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"cache accounting: {what.ToString()}{Environment.NewLine}{Dump(cache, holders)}");
        }
    }

    private static string Dump(BlockCache cache, ReadOnlySpan<int> holders)
    {
        StringBuilder text = new();
        BlockPool pool = cache.Pool;
        text.AppendLine($"{pool.Total} blocks, {pool.FreeCount} free, {pool.KeptCount} kept, {cache.Tree.Count} in the tree");
        for (int block = 0; block < cache.Pool.Total; block++)
        {
            string state = cache.Pool.IsFree(block) ? "free" : cache.Pool.IsKept(block) ? "kept" : "held";
            string place = cache.Tree.Contains(block) ? $"below {cache.Tree.Parent(block)}" : "not in the tree";
            text.AppendLine($"  {block}: {state}, counts {cache.Pool.References(block)}, has {holders[block]}, {place}");
        }

        return text.ToString();
    }
}

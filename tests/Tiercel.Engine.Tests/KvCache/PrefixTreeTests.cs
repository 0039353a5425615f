using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Tests.KvCache;

public class PrefixTreeTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(0)]
    public void The_tree_finds_what_a_plain_list_finds(int hashMask)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            PrefixTree tree = new(32, 4) { HashMask = hashMask };
            int[] roots = [tree.OpenRoot("a"), tree.OpenRoot("b")];
            Dictionary<int, (int Place, int[] Tokens)> plain = [];
            for (int i = 0; i < 300; i++)
            {
                int place = random.Next(3) == 0 || plain.Count == 0 ? roots[random.Next(2)] : plain.Keys.ElementAt(random.Next(plain.Count));
                int[] tokens = [random.Next(2), random.Next(2), random.Next(2), random.Next(2)];
                int expected = plain.Where(p => p.Value.Place == place && p.Value.Tokens.SequenceEqual(tokens)).Select(p => p.Key).DefaultIfEmpty(-1).Single();
                Assert.Equal(expected, tree.Find(place, tokens));
                CheckLongest(tree, plain, place, tokens[..3]);
                int free = Enumerable.Range(0, 32).FirstOrDefault(b => !plain.ContainsKey(b), -1);
                if (expected < 0 && free >= 0 && random.Next(4) > 0)
                {
                    tree.Insert(place, tokens, free);
                    tree.MarkComputed(free);
                    plain.Add(free, (place, tokens));
                }
                else
                {
                    RemoveLeaf(tree, plain, random);
                }

                Assert.Equal(plain.Count, tree.Count);
            }
        }
    }

    [Fact]
    public void A_block_that_is_not_computed_is_found_but_not_copied_from()
    {
        PrefixTree tree = new(4, 4);
        int root = tree.OpenRoot("");
        tree.Insert(root, [1, 2, 3, 4], 2);
        Assert.Equal(2, tree.Find(root, [1, 2, 3, 4]));
        Assert.Equal((-1, 0), tree.FindLongest(root, [1, 2, 3]));
        tree.MarkComputed(2);
        Assert.Equal((2, 3), tree.FindLongest(root, [1, 2, 3]));
    }

    [Fact]
    public void Only_leaves_can_be_removed()
    {
        PrefixTree tree = new(4, 2);
        tree.Insert(tree.OpenRoot(""), [1, 2], 0);
        tree.Insert(0, [3, 4], 1);
        Assert.Throws<InvalidOperationException>(() => tree.Remove(0));
        Assert.Throws<InvalidOperationException>(() => tree.Remove(3));
        tree.Remove(1);
        tree.Remove(0);
        Assert.Equal(0, tree.Count);
    }

    [Fact]
    public void A_root_lives_as_long_as_it_has_users_or_blocks()
    {
        PrefixTree tree = new(4, 2);
        int root = tree.OpenRoot("a");
        Assert.Equal(root, tree.OpenRoot("a"));
        tree.CloseRoot(root);
        tree.Insert(root, [1, 2], 0);
        tree.CloseRoot(root);
        Assert.Equal(root, tree.OpenRoot("a"));
        Assert.Equal(0, tree.Find(root, [1, 2]));
        tree.CloseRoot(root);
        tree.Remove(0);
        Assert.Equal(0, tree.RootCount);
        int other = tree.OpenRoot("b");
        Assert.Equal(-1, tree.Find(other, [1, 2]));
    }

    private static void CheckLongest(PrefixTree tree, Dictionary<int, (int Place, int[] Tokens)> plain, int place, int[] tokens)
    {
        int longest = plain.Values.Where(p => p.Place == place).Select(p => p.Tokens.AsSpan().CommonPrefixLength(tokens)).DefaultIfEmpty(0).Max();
        (int block, int shared) = tree.FindLongest(place, tokens);
        Assert.Equal(longest, shared);
        Assert.Equal(longest > 0, block >= 0);
        if (block >= 0)
        {
            Assert.Equal(place, plain[block].Place);
            Assert.Equal(tokens[..shared], plain[block].Tokens[..shared]);
        }
    }

    private static void RemoveLeaf(PrefixTree tree, Dictionary<int, (int Place, int[] Tokens)> plain, Random random)
    {
        List<int> leaves = [.. plain.Keys.Where(b => plain.Values.All(p => p.Place != b)).Order()];
        if (leaves.Count > 0)
        {
            int leaf = leaves[random.Next(leaves.Count)];
            tree.Remove(leaf);
            plain.Remove(leaf);
        }
    }
}

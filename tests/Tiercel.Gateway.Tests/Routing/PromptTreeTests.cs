using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

/// <summary>The tree of runs against the plainest index there is: one list of blocks for each replica, in the order of use.</summary>
public sealed class PromptTreeTests
{
    private const int Slots = 3;
    private const int Capacity = 24;

    [Fact]
    public void Matches_and_evictions_are_those_of_a_list_of_blocks_for_each_replica()
        => Prop.ForAll(
            Steps().ToArbitrary(),
            steps =>
            {
                PromptTree tree = new(TimeSpan.FromHours(1), 1000);
                NaiveIndex naive = new(Slots, Capacity);
                for (int slot = 0; slot < Slots; slot++)
                {
                    tree.AddSlot(Capacity);
                }

                int now = 0;
                foreach ((int[] prompt, int slot) in steps)
                {
                    tree.Hold(Prompts.Of(prompt), slot, PrefillMark.Known, TimeSpan.FromSeconds(++now));
                    naive.Hold(prompt, slot);
                    foreach ((int[] each, _) in steps)
                    {
                        PrefixMatch[] found = new PrefixMatch[Slots];
                        tree.Match(Prompts.Of(each), TimeSpan.FromSeconds(now), found);
                        for (int i = 0; i < Slots; i++)
                        {
                            Assert.Equal(naive.Match(each, i), found[i].ComputedBytes / PromptFingerprint.BlockBytes);
                            Assert.Equal(naive.Held(i), tree.Held(i));
                        }
                    }
                }

                return true;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(80));

    [Fact]
    public void Nothing_is_left_when_all_replicas_are_gone()
        => Prop.ForAll(
            Steps().ToArbitrary(),
            steps =>
            {
                PromptTree tree = new(TimeSpan.FromHours(1), 1000);
                for (int slot = 0; slot < Slots; slot++)
                {
                    tree.AddSlot(Capacity);
                }

                foreach ((int[] prompt, int slot) in steps)
                {
                    tree.Hold(Prompts.Of(prompt), slot, PrefillMark.Known, TimeSpan.Zero);
                }

                for (int slot = 0; slot < Slots; slot++)
                {
                    tree.RemoveSlot(slot);
                }

                return tree.Nodes == 0;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(80));

    [Fact]
    public void Linked_prompts_are_bounded_too_and_leave_nothing_behind()
    {
        PromptTree tree = new(TimeSpan.FromHours(1), maxChainBlocks: 100);
        for (int i = 0; i < 1000; i++)
        {
            int[] prompt = [i / 3, i % 11, i, i + 1];
            tree.Link(Prompts.Of(prompt), new TokenChain([.. prompt.Select(each => (ulong)each + 1)], 40, 4 * PromptFingerprint.BlockBytes));
        }

        Assert.InRange(tree.Nodes, 25, 100);
        Assert.Equal(4, tree.TokenBlocks(Prompts.Of([333, 999 % 11, 999, 1000])).Length);
        Assert.Equal(0, tree.TokenBlocks(Prompts.Of([0, 0, 0, 1])).Length);
    }

    [Fact]
    public void A_prompt_counts_as_pending_until_it_is_computed_and_not_at_all_once_it_is_lost()
    {
        PromptTree tree = new(TimeSpan.FromHours(1), 1000);
        int slot = tree.AddSlot(100);
        PrefillMark mark = new();
        tree.Hold(Prompts.Of([1, 2, 3]), slot, PrefillMark.Known, TimeSpan.Zero);
        tree.Hold(Prompts.Of([1, 2, 3, 4, 5]), slot, mark, TimeSpan.Zero);
        PrefixMatch[] found = new PrefixMatch[1];
        tree.Match(Prompts.Of([1, 2, 3, 4, 5, 6]), TimeSpan.Zero, found);
        Assert.Equal((3 * 512, 2 * 512), (found[0].ComputedBytes, found[0].PendingBytes));
        mark.State = PrefillState.Lost;
        tree.Match(Prompts.Of([1, 2, 3, 4, 5, 6]), TimeSpan.Zero, found);
        Assert.Equal((3 * 512, 0), (found[0].ComputedBytes, found[0].PendingBytes));
        mark.State = PrefillState.Computed;
        tree.Match(Prompts.Of([1, 2, 3, 4, 5, 6]), TimeSpan.Zero, found);
        Assert.Equal((5 * 512, 0), (found[0].ComputedBytes, found[0].PendingBytes));
    }

    [Fact]
    public void What_was_sent_too_long_ago_is_forgotten()
    {
        PromptTree tree = new(TimeSpan.FromMinutes(1), 1000);
        int slot = tree.AddSlot(100);
        tree.Hold(Prompts.Of([1, 2]), slot, PrefillMark.Known, TimeSpan.Zero);
        PrefixMatch[] found = new PrefixMatch[1];
        tree.Match(Prompts.Of([1, 2]), TimeSpan.FromSeconds(59), found);
        Assert.Equal(1024, found[0].ComputedBytes);
        tree.Match(Prompts.Of([1, 2]), TimeSpan.FromSeconds(61), found);
        Assert.Equal(0, found[0].ComputedBytes);
    }

    /// <summary>Prompts over few words, so that they share beginnings, and the replicas that they go to.</summary>
    private static Gen<IList<(int[] Prompt, int Slot)>> Steps()
        => Gen.Choose(0, 2).ListOf().Select(words => words.Take(12).ToArray())
            .SelectMany(prompt => Gen.Choose(0, Slots - 1).Select(slot => (prompt, slot)))
            .ListOf(25).Select(steps => (IList<(int[], int)>)[.. steps]);

    /// <summary>Blocks in the order of use; a chain is used from its end to its beginning.</summary>
    private sealed class NaiveIndex(int slots, int capacity)
    {
        private readonly List<string>[] _held = [.. Enumerable.Range(0, slots).Select(_ => new List<string>())];

        public int Held(int slot) => _held[slot].Count;

        public void Hold(int[] prompt, int slot)
        {
            for (int length = prompt.Length; length > 0; length--)
            {
                string beginning = string.Join(',', prompt[..length]);
                _held[slot].Remove(beginning);
                _held[slot].Add(beginning);
            }

            while (_held[slot].Count > capacity)
            {
                _held[slot].RemoveAt(0);
            }
        }

        public int Match(int[] prompt, int slot)
        {
            int length = 0;
            while (length < prompt.Length && _held[slot].Contains(string.Join(',', prompt[..(length + 1)])))
            {
                length++;
            }

            return length;
        }
    }
}

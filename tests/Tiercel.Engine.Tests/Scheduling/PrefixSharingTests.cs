using Tiercel.Engine.KvCache;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

public class PrefixSharingTests
{
    private static readonly SchedulerOptions Options = new() { ContextLength = 4096, TokenBudget = 512 };

    [Fact]
    public void A_repeated_prompt_is_taken_from_the_cache_but_for_its_last_token()
    {
        SchedulerRig rig = new(Options);
        rig.Finish(rig.Add(SchedulerRig.Prompt(1, 128)));
        Sequence again = rig.Add(SchedulerRig.Prompt(1, 128));
        PlannedChunk chunk = Assert.Single(rig.Step());
        Assert.Equal((127, 1, true), (chunk.Start, chunk.Count, chunk.IsLast));
        Assert.Equal(127, again.CachedTokens);
        Assert.Equal((256, 127), (rig.Scheduler.PrefixQueries, rig.Scheduler.PrefixHits));
    }

    [Fact]
    public void A_prompt_that_leaves_another_inside_a_block_takes_a_copy_of_the_common_part()
    {
        SchedulerRig rig = new(Options);
        rig.Finish(rig.Add(SchedulerRig.Prompt(1, 100)));
        int[] other = SchedulerRig.Prompt(1, 100);
        other[80] = -1;
        rig.Add(other);
        StepPlan plan = rig.Scheduler.Plan(rig.Now);
        Assert.Equal((80, 20), (plan.Chunks[0].Start, plan.Chunks[0].Count));
        Assert.Single(plan.Copies);
    }

    [Fact]
    public void The_next_turn_of_a_conversation_finds_its_answer_in_the_cache()
    {
        SchedulerRig rig = new(Options);
        Sequence first = rig.Add(SchedulerRig.Prompt(1, 50));
        rig.Finish(first, outputs: 80);
        Sequence second = rig.Add([.. first.Tokens, 1, 2, 3]);
        rig.Step();
        // 129 tokens of the first turn were computed: the last sampled one never was, and only full blocks stay.
        Assert.Equal(128, second.CachedTokens);
    }

    [Fact]
    public void Prompts_that_arrive_together_compute_their_common_beginning_once()
    {
        SchedulerRig rig = new(Options);
        List<Sequence> sequences = [];
        for (int i = 0; i < 8; i++)
        {
            sequences.Add(rig.Add([.. SchedulerRig.Prompt(1, 320), .. SchedulerRig.Prompt(2 + i, 20)]));
        }

        IReadOnlyList<PlannedChunk> chunks = rig.Step();
        // In one step: one sequence computes 340 rows, and the others go on from its blocks.
        Assert.Equal(340 + 7 * 20, chunks.Sum(c => c.Count));
        Assert.All(sequences, s => Assert.Equal(341, s.Tokens.Count));
        Assert.Equal(7, sequences.Count(s => s.CachedTokens == 320));
    }

    [Fact]
    public void A_long_common_beginning_in_many_chunks_is_computed_once()
    {
        SchedulerRig rig = new(Options with { TokenBudget = 100 });
        List<Sequence> sequences = [];
        for (int i = 0; i < 6; i++)
        {
            sequences.Add(rig.Add([.. SchedulerRig.Prompt(1, 1000), .. SchedulerRig.Prompt(2 + i, 30)]));
        }

        while (sequences.Exists(s => s.Tokens.Count == s.PromptLength))
        {
            rig.Step();
        }

        long decodes = sequences.Sum(s => (long)s.Tokens.Count - s.PromptLength - 1);
        Assert.InRange(rig.Rows - decodes, 1000 + 6 * 30, 1000 + 6 * (30 + 32));
    }

    [Fact]
    public void Another_salt_finds_nothing()
    {
        SchedulerRig rig = new(Options);
        rig.Finish(rig.Add(SchedulerRig.Prompt(1, 128), "a"));
        Sequence other = rig.Add(SchedulerRig.Prompt(1, 128), "b");
        Assert.Equal(128, Assert.Single(rig.Step()).Count);
        Assert.Equal(0, other.CachedTokens);
    }

    [Fact]
    public void Where_all_outputs_are_wanted_nothing_comes_from_the_cache()
    {
        SchedulerRig rig = new(Options with { MaxOutputs = 50 });
        rig.Finish(rig.Add(SchedulerRig.Prompt(1, 120)));
        Sequence all = rig.Add(SchedulerRig.Prompt(1, 120), allOutputs: true);
        Assert.Equal([(0, 50, 0), (50, 50, 50), (100, 20, 100)], Enumerable.Range(0, 3).Select(_ => Shape(Assert.Single(rig.Step()))));
        Assert.Equal((0, 120), (all.CachedTokens, all.OutputRows));
        // The blocks that it filled were in the cache already: it has given its own back.
        Assert.Equal(1024 - 4, rig.Scheduler.FreeBlocks);

        static (int, int, int) Shape(PlannedChunk chunk) => (chunk.Start, chunk.Count, chunk.FirstOutput);
    }

    [Fact]
    public void Blocks_of_a_failed_step_are_not_found()
    {
        SchedulerRig rig = new(Options);
        Sequence first = rig.Add(SchedulerRig.Prompt(1, 200));
        Sequence second = rig.Add([.. SchedulerRig.Prompt(1, 160), 5, 6]);
        rig.FailStep();
        Assert.Equal((2, 0), (rig.Scheduler.WaitingCount, rig.Scheduler.RunningCount));
        Assert.Equal((1024, 0), (rig.Scheduler.FreeBlocks, rig.Scheduler.CachedBlocks));
        rig.Scheduler.Finish(first);
        rig.Step();
        Assert.Equal(0, second.CachedTokens);
    }

    [Fact]
    public void Blocks_of_earlier_steps_survive_a_failed_one()
    {
        SchedulerRig rig = new(Options);
        Sequence sequence = rig.Add(SchedulerRig.Prompt(1, 1000));
        rig.Step();
        rig.FailStep();
        PlannedChunk chunk = Assert.Single(rig.Step());
        Assert.Equal(512, chunk.Start);
        rig.Finish(sequence);
    }

    [Fact]
    public void Forks_share_blocks_and_copy_the_open_one_when_they_part()
    {
        SchedulerRig rig = new(Options);
        int next = 0;
        rig.Sample = _ => next++;
        Sequence parent = rig.Add(SchedulerRig.Prompt(1, 40));
        StepPlan plan = rig.Scheduler.Plan(rig.Now);
        rig.Scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
        Sequence[] forks = [rig.Scheduler.Fork(parent), rig.Scheduler.Fork(parent)];
        Assert.Equal(1024 - 2, rig.Scheduler.FreeBlocks);
        foreach (Sequence sequence in (Sequence[])[parent, .. forks])
        {
            rig.Scheduler.Append(sequence, next++);
        }

        plan = rig.Scheduler.Plan(rig.Now);
        // The last one to write has the block to itself.
        Assert.Equal((3, 2), (plan.Chunks.Count, plan.Copies.Count));
        Assert.Equal(3, plan.Chunks.Select(c => c.Sequence.Blocks[1]).Distinct().Count());
        Assert.Single(plan.Chunks.Select(c => c.Sequence.Blocks[0]).Distinct());
        rig.Scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
        rig.Scheduler.CheckIntegrity();
    }

    [Fact]
    public void The_last_block_of_a_full_cache_is_copied_onto_itself()
    {
        // Two blocks hold the whole prompt; the second must be written again and there is no third.
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 64 }, blocks: 2);
        rig.Finish(rig.Add(SchedulerRig.Prompt(1, 64)), outputs: 0);
        Sequence first = rig.Add(SchedulerRig.Prompt(1, 64));
        StepPlan plan = rig.Scheduler.Plan(rig.Now);
        rig.Scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
        rig.Scheduler.Finish(first);
        rig.Add(SchedulerRig.Prompt(1, 64));
        plan = rig.Scheduler.Plan(rig.Now);
        Assert.Equal((63, 1), (plan.Chunks[0].Start, plan.Chunks[0].Count));
        Assert.Empty(plan.Copies);
    }

    [Fact]
    public void Identical_prompts_with_full_eviction_between_them_give_identical_plans()
    {
        SchedulerRig rig = new(Options with { ContextLength = 320 }, blocks: 10);
        string first = Run(1);
        Run(2);
        Run(3);
        Assert.Equal(first, Run(1));

        string Run(int seed)
        {
            Sequence sequence = rig.Add(SchedulerRig.Prompt(seed, 300));
            string plan = string.Join(' ', rig.Step().Select(c => (c.Start, c.Count)));
            rig.Finish(sequence);
            return plan;
        }
    }

    [Fact]
    public void A_flood_of_one_tenant_does_not_touch_blocks_that_another_uses()
    {
        SchedulerRig rig = new(Options with { ContextLength = 320 }, blocks: 20);
        Sequence stream = rig.Add(SchedulerRig.Prompt(1, 64), "quiet");
        rig.Step();
        for (int i = 0; i < 50; i++)
        {
            Sequence flood = rig.Add(SchedulerRig.Prompt(2 + i, 160), "loud");
            while (flood.Tokens.Count == flood.PromptLength)
            {
                Assert.Contains(rig.Step(), c => c.Sequence == stream);
            }

            rig.Scheduler.Finish(flood);
        }

        Assert.Equal(0, stream.Preemptions);
    }

    [Fact]
    public void Salts_that_nobody_uses_are_forgotten()
    {
        BlockCache cache = new(8, 32);
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 256 }, blocks: 8, cache: cache);
        for (int i = 0; i < 100; i++)
        {
            rig.Finish(rig.Add(SchedulerRig.Prompt(i, 100), $"tenant {i}"));
        }

        Assert.InRange(cache.Tree.RootCount, 1, 8);
    }
}

using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

public class PreemptionTests
{
    [Fact]
    public void Two_hundred_growing_sequences_all_end_in_forty_blocks()
    {
        const int Outputs = 200;
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 320 }, blocks: 40) { Sample = s => (int)s.Id };
        List<Sequence> alive = [.. Enumerable.Range(0, 200).Select(i => rig.Add(SchedulerRig.Prompt(i, 20)))];
        while (alive.Count > 0)
        {
            Assert.NotEmpty(rig.Step());
            Assert.True(rig.Steps < 200 * Outputs, $"{alive.Count} sequences have not ended");
            foreach (Sequence sequence in alive.Where(s => s.Tokens.Count == s.PromptLength + Outputs).ToList())
            {
                rig.Scheduler.Finish(sequence);
                alive.Remove(sequence);
            }
        }

        Assert.True(rig.Scheduler.Preemptions > 0, "the pool was meant to be too small");
        // 200 sequences of 219 rows: what preemption makes to be computed twice stays a small part.
        Assert.InRange(rig.Rows, 200 * 219, 200 * 219 * 3 / 2);
        Assert.Equal(40, rig.Scheduler.FreeBlocks + rig.Scheduler.CachedBlocks);
    }

    [Fact]
    public void The_least_urgent_sequence_is_preempted_and_keeps_its_tokens()
    {
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 192 }, blocks: 6) { Sample = s => (int)s.Id };
        Sequence late = rig.Add(SchedulerRig.Prompt(1, 31), priority: 1);
        Sequence early = rig.Add(SchedulerRig.Prompt(2, 31));
        List<int> tokens = [];
        while (late.Preemptions == 0)
        {
            tokens = [.. late.Tokens];
            rig.Step();
        }

        Assert.Equal(tokens, late.Tokens);
        Assert.Equal(0, early.Preemptions);
        Assert.Equal((1, 1), (rig.Scheduler.WaitingCount, rig.Scheduler.RunningCount));
        rig.Scheduler.Finish(early);
        int computed = rig.Step().Single().Count;
        Assert.True(computed < tokens.Count, "full blocks of a preempted sequence stay findable");
    }

    [Fact]
    public void All_outputs_of_a_preempted_prompt_are_asked_for_once()
    {
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 192, TokenBudget = 64 }, blocks: 6) { Sample = s => (int)s.Id };
        Sequence all = rig.Add(SchedulerRig.Prompt(1, 60), priority: 1, allOutputs: true);
        rig.Step();
        Sequence other = rig.Add(SchedulerRig.Prompt(2, 30));
        while (all.Preemptions == 0)
        {
            rig.Step();
        }

        rig.Scheduler.Finish(other);
        PlannedChunk chunk = rig.Step().Single(c => c.Sequence == all);
        Assert.Equal(chunk.End - 1, chunk.FirstOutput);
    }

    [Fact]
    public void A_sequence_is_let_in_only_when_its_whole_prompt_fits_beside_the_running_ones()
    {
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 320, TokenBudget = 32 }, blocks: 12);
        Sequence first = rig.Add(SchedulerRig.Prompt(1, 200));
        rig.Step();
        Sequence second = rig.Add(SchedulerRig.Prompt(2, 200));
        rig.Step();
        Assert.Equal((1, 1), (rig.Scheduler.RunningCount, rig.Scheduler.WaitingCount));
        rig.Finish(first);
        rig.Finish(second);
        Assert.Equal(0, rig.Scheduler.Preemptions);
    }
}

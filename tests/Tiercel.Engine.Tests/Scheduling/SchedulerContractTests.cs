using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

public class SchedulerContractTests
{
    private static readonly SchedulerOptions Options = new() { ContextLength = 128, TokenBudget = 100, MaxOutputs = 64 };

    [Fact]
    public void A_cache_smaller_than_one_context_is_refused() =>
        Assert.Equal("ContextLength", Assert.Throws<ArgumentOutOfRangeException>(() => new Scheduler(Options, 3, 32)).ParamName);

    [Fact]
    public void A_prompt_that_could_never_run_is_refused()
    {
        Scheduler scheduler = new(Options, 4, 32);
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new SequenceArrival { Prompt = [] }, default));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new SequenceArrival { Prompt = new int[129] }, default));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new SequenceArrival { Prompt = new int[101], SingleStep = true }, default));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new SequenceArrival { Prompt = new int[65], SingleStep = true, WantsAllOutputs = true }, default));
        Assert.Throws<ArgumentException>(() => new Scheduler(Options, 0, 32).TryAdd(new SequenceArrival { Prompt = [1] }, default));
        Assert.Equal(0, scheduler.WaitingCount);
    }

    [Fact]
    public void A_full_queue_refuses_with_null()
    {
        Scheduler scheduler = new(Options with { MaxWaiting = 2 }, 4, 32);
        Assert.NotNull(scheduler.TryAdd(new SequenceArrival { Prompt = [1] }, default));
        Assert.NotNull(scheduler.TryAdd(new SequenceArrival { Prompt = [1] }, default));
        Assert.Null(scheduler.TryAdd(new SequenceArrival { Prompt = [1] }, default));
    }

    [Fact]
    public void Encoders_need_no_blocks_and_whole_prompts_share_a_step()
    {
        SchedulerRig rig = new(Options, blocks: 0, cache: new(0, 32));
        List<Sequence> prompts = [.. Enumerable.Range(0, 3).Select(i => rig.Add(SchedulerRig.Prompt(i, 40), singleStep: true))];
        StepPlan plan = rig.Scheduler.Plan(default);
        Assert.Equal([(0, 40, true), (0, 40, true)], plan.Chunks.Select(c => (c.Start, c.Count, c.IsLast)));
        rig.Scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
        rig.Scheduler.Finish(prompts[0]);
        rig.Scheduler.Finish(prompts[1]);
        plan = rig.Scheduler.Plan(default);
        Assert.Equal(prompts[2], Assert.Single(plan.Chunks).Sequence);
        rig.Scheduler.Fail(plan);
        Assert.Equal((1, 0), (rig.Scheduler.WaitingCount, rig.Scheduler.RunningCount));
    }

    [Fact]
    public void A_plan_is_completed_or_failed_once_before_anything_else()
    {
        SchedulerRig rig = new(Options, blocks: 8);
        Sequence sequence = rig.Add([1, 2, 3]);
        StepPlan plan = rig.Scheduler.Plan(default);
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Plan(default));
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Finish(sequence));
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Append(sequence, 1));
        rig.Scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Complete(plan, default));
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Fail(plan));
    }

    [Fact]
    public void A_full_context_takes_no_token()
    {
        SchedulerRig rig = new(Options, blocks: 4);
        Sequence sequence = rig.Add(SchedulerRig.Prompt(1, 127));
        rig.Step();
        rig.Step();
        Assert.Equal(128, sequence.Tokens.Count);
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Append(sequence, 1));
        rig.Scheduler.Finish(sequence);
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Append(sequence, 1));
        Assert.Throws<InvalidOperationException>(() => rig.Scheduler.Fork(sequence));
    }

    [Fact]
    public void Nothing_to_do_is_an_empty_plan()
    {
        SchedulerRig rig = new(Options, blocks: 4);
        StepPlan plan = rig.Scheduler.Plan(default);
        Assert.True(plan.IsEmpty);
        rig.Scheduler.Complete(plan, default);
        Assert.True(rig.Scheduler.Plan(default).IsEmpty);
    }

    [Fact]
    public void A_step_of_many_streams_is_planned_without_allocating()
    {
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 1024, TokenBudget = 512, MaxOutputs = 512, StepTarget = TimeSpan.FromSeconds(5) }, blocks: 4096);
        for (int i = 0; i < 256; i++)
        {
            rig.Add(SchedulerRig.Prompt(i, 40));
        }

        for (int i = 0; i < 300; i++)
        {
            rig.Step();
        }

        List<long> allocated = [];
        for (int i = 0; i < 9; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            StepPlan plan = rig.Scheduler.Plan(rig.Now);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(256, plan.Chunks.Count);
            rig.Scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
            foreach (PlannedChunk chunk in plan.Chunks)
            {
                rig.Scheduler.Append(chunk.Sequence, 1);
            }
        }

        // Now and then a list of blocks grows: here between the 8th and the 16th block none does.
        Assert.Equal(0, allocated.Order().ElementAt(4));
    }
}

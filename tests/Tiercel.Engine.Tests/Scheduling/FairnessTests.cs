using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

public class FairnessTests
{
    private static readonly SchedulerOptions Options = new() { ContextLength = 8192, TokenBudget = 512, StepTarget = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public void A_long_prompt_beside_four_streams_never_makes_a_step_longer_than_the_target()
    {
        SchedulerRig rig = new(Options) { Noise = new Random(3) };
        List<Sequence> streams = [.. Enumerable.Range(0, 4).Select(i => rig.Add(SchedulerRig.Prompt(i, 50)))];
        for (int i = 0; i < 500; i++)
        {
            rig.Step();
        }

        Sequence prompt = rig.Add(SchedulerRig.Prompt(9, 4096));
        List<int> rows = [];
        while (prompt.Tokens.Count == prompt.PromptLength)
        {
            IReadOnlyList<PlannedChunk> chunks = rig.Step();
            Assert.All(streams, s => Assert.Contains(chunks, c => c.Sequence == s && c.Count == 1));
            rows.Add(chunks.Sum(c => c.Count));
        }

        // 10 ms + 1 ms a row, give or take a fifth: 90 rows take the 100 ms of the target.
        Assert.All(rows, r => Assert.InRange(r, 20, 110));
        Assert.InRange(rows.Skip(10).SkipLast(1).Average(), 80, 95);
    }

    [Fact]
    public void After_a_long_time_of_streams_alone_a_prompt_begins_with_few_rows_and_soon_has_what_the_target_allows()
    {
        SchedulerRig rig = new(Options);
        rig.Add(SchedulerRig.Prompt(1, 50));
        for (int i = 0; i < 500; i++)
        {
            rig.Step();
        }

        rig.Add(SchedulerRig.Prompt(9, 4096));
        List<int> rows = [.. Enumerable.Range(0, 8).Select(_ => rig.Step().Sum(chunk => chunk.Count) - 1)];
        Assert.Equal(2 * Options.MinPrefillRows, rows[0]);
        Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.True(pair.Second <= 2 * pair.First, $"{pair.First} rows, then {pair.Second}"));
        Assert.InRange(rows[^1], 80, 95);
    }

    [Fact]
    public void On_a_machine_too_slow_for_the_target_prompts_still_move()
    {
        SchedulerRig rig = new(Options) { SecondsPerRow = 0.05 };
        rig.Add(SchedulerRig.Prompt(1, 20));
        rig.Step();
        rig.Step();
        Sequence prompt = rig.Add(SchedulerRig.Prompt(2, 1000));
        for (int i = 0; i < 1000 / Options.MinPrefillRows + 1; i++)
        {
            rig.Step();
        }

        Assert.Equal(1001, prompt.Tokens.Count);
    }

    [Fact]
    public void A_short_prompt_is_not_stuck_behind_long_ones()
    {
        SchedulerRig rig = new(Options);
        List<Sequence> prompts = [.. Enumerable.Range(0, 3).Select(i => rig.Add(SchedulerRig.Prompt(i, 4000)))];
        rig.Step();
        Sequence small = rig.Add(SchedulerRig.Prompt(9, 100));
        rig.Step();
        Assert.Equal(101, small.Tokens.Count);
        Assert.All(prompts, p => Assert.True(p.ComputedTokens > 200, "a long one stood still"));
    }

    [Fact]
    public void A_long_prompt_is_not_starved_by_a_stream_of_short_ones()
    {
        SchedulerRig rig = new(Options with { TokenBudget = 64 });
        Sequence prompt = rig.Add(SchedulerRig.Prompt(0, 4000));
        int steps = 0;
        for (int i = 1; prompt.Tokens.Count == prompt.PromptLength; i++)
        {
            rig.Add(SchedulerRig.Prompt(2 * i, 60));
            Sequence last = rig.Add(SchedulerRig.Prompt(2 * i + 1, 60));
            foreach (PlannedChunk chunk in rig.Step().Where(c => c.IsLast && c.Sequence != prompt))
            {
                rig.Scheduler.Finish(chunk.Sequence);
            }

            Assert.True(++steps < 300, $"{prompt.ComputedTokens} of {prompt.PromptLength} tokens after {steps} steps, {last.Id} sequences");
        }
    }

    [Fact]
    public void More_streams_than_outputs_take_turns()
    {
        SchedulerRig rig = new(Options with { MaxOutputs = 8 });
        List<Sequence> streams = [.. Enumerable.Range(0, 20).Select(i => rig.Add(SchedulerRig.Prompt(i, 10)))];
        while (streams.Exists(s => s.Tokens.Count == s.PromptLength))
        {
            rig.Step();
        }

        int[] before = [.. streams.Select(s => s.Tokens.Count)];
        for (int i = 0; i < 60; i++)
        {
            rig.Step();
        }

        // 8 rows a step for 20 streams.
        Assert.All(streams.Zip(before), s => Assert.InRange(s.First.Tokens.Count - s.Second, 23, 25));
    }

    [Fact]
    public void An_urgent_sequence_goes_first_and_a_waiting_one_gains_urgency()
    {
        SchedulerRig rig = new(Options with { MaxRunning = 1 });
        Sequence running = rig.Add(SchedulerRig.Prompt(0, 10));
        rig.Step();
        Sequence patient = rig.Add(SchedulerRig.Prompt(1, 10), priority: 1);
        Sequence normal = rig.Add(SchedulerRig.Prompt(2, 10));
        rig.Scheduler.Finish(running);
        Assert.Equal(normal, Assert.Single(rig.Step()).Sequence);
        rig.Now += Options.AgingInterval;
        rig.Add(SchedulerRig.Prompt(3, 10));
        rig.Scheduler.Finish(normal);
        Assert.Equal(patient, Assert.Single(rig.Step()).Sequence);
    }

    [Fact]
    public void No_priority_keeps_a_sequence_waiting_for_ever()
    {
        SchedulerRig rig = new(Options with { MaxRunning = 2 });
        Sequence patient = rig.Add(SchedulerRig.Prompt(0, 10), priority: 3);
        // Two urgent ones arrive for each that can run.
        for (int i = 1; patient.Tokens.Count == patient.PromptLength; i++)
        {
            rig.Add(SchedulerRig.Prompt(2 * i, 10));
            rig.Add(SchedulerRig.Prompt(2 * i + 1, 10));
            rig.Now += TimeSpan.FromSeconds(0.5);
            foreach (PlannedChunk chunk in rig.Step())
            {
                rig.Scheduler.Finish(chunk.Sequence);
            }

            Assert.True(rig.Now < 4 * Options.AgingInterval, "three levels are gained in three intervals");
        }
    }

    [Fact]
    public void Saturated_streams_leave_room_for_a_prompt()
    {
        SchedulerRig rig = new(Options with { MaxOutputs = 4, TokenBudget = 8 });
        for (int i = 0; i < 10; i++)
        {
            rig.Add(SchedulerRig.Prompt(i, 3));
        }

        for (int i = 0; i < 30; i++)
        {
            rig.Step();
        }

        Sequence prompt = rig.Add(SchedulerRig.Prompt(99, 40));
        for (int i = 0; i < 60; i++)
        {
            rig.Step();
        }

        Assert.True(prompt.Tokens.Count > prompt.PromptLength, $"{prompt.ComputedTokens} tokens after 60 steps");
    }
}

using Tiercel.Engine.KvCache;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

/// <summary>
/// A scheduler with a fake executor whose steps take as long as a simple machine's would: a fixed part and a part per row.
/// </summary>
internal sealed class SchedulerRig
{
    private readonly FakeExecutor _executor;

    public SchedulerRig(SchedulerOptions options, int blocks = 1024, int blockSize = 32, BlockCache? cache = null)
    {
        Scheduler = new Scheduler(options, cache ?? new BlockCache(blocks, blockSize));
        _executor = new FakeExecutor(blocks, blockSize);
    }

    public Scheduler Scheduler { get; }

    public TimeSpan Now { get; set; }

    public double SecondsPerStep { get; set; } = 0.010;

    public double SecondsPerRow { get; set; } = 0.001;

    /// <summary>Makes each step take up to a fifth more or less.</summary>
    public Random? Noise { get; set; }

    /// <summary>What every step samples; a function of the sequence, so that tests can tell outputs apart.</summary>
    public Func<Sequence, int> Sample { get; set; } = s => 7;

    public long Steps { get; private set; }

    public long Rows => _executor.RowsComputed;

    /// <summary>Distinct tokens, so that prompts of different seeds share nothing.</summary>
    public static int[] Prompt(int seed, int length) => [.. Enumerable.Range(0, length).Select(i => seed * 100_000 + i)];

    public Sequence Add(int[] prompt, string salt = "", int priority = 0, bool allOutputs = false, bool singleStep = false)
    {
        SequenceArrival arrival = new() { Prompt = prompt, CacheSalt = salt, Priority = priority, WantsAllOutputs = allOutputs, SingleStep = singleStep };
        Sequence? sequence = Scheduler.TryAdd(arrival, Now);
        Assert.NotNull(sequence);
        return sequence;
    }

    /// <summary>One step; every sequence whose chunk was the last gets a token.</summary>
    public IReadOnlyList<PlannedChunk> Step()
    {
        StepPlan plan = Scheduler.Plan(Now);
        List<PlannedChunk> chunks = [.. plan.Chunks];
        if (plan.IsEmpty)
        {
            return chunks;
        }

        Steps++;
        _executor.Run(plan);
        TimeSpan elapsed = TimeSpan.FromSeconds(SecondsPerStep + SecondsPerRow * chunks.Sum(c => c.Count)) * (1 + 0.4 * ((Noise?.NextDouble() ?? 0.5) - 0.5));
        Now += elapsed;
        Scheduler.Complete(plan, elapsed);
        foreach (PlannedChunk chunk in chunks.Where(c => c.IsLast))
        {
            Scheduler.Append(chunk.Sequence, Sample(chunk.Sequence));
        }

        Scheduler.CheckIntegrity();
        return chunks;
    }

    /// <summary>A step whose results are lost.</summary>
    public void FailStep()
    {
        StepPlan plan = Scheduler.Plan(Now);
        _executor.RunHalf(plan);
        Scheduler.Fail(plan);
        Scheduler.CheckIntegrity();
    }

    /// <summary>Steps until the sequence has this many tokens of output, then ends it.</summary>
    public void Finish(Sequence sequence, int outputs = 1)
    {
        while (sequence.Tokens.Count < sequence.PromptLength + outputs)
        {
            Assert.NotEmpty(Step());
        }

        Scheduler.Finish(sequence);
    }
}

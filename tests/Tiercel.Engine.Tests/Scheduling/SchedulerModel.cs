using System.Globalization;
using System.Text;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

/// <summary>
/// Drives a scheduler as an engine would, with everything drawn from one seed: arrivals with shared prefixes and salts, forks,
/// cancellations, failing steps, priorities. Checks every plan and the accounting after every step. Output tokens are a function of the
/// history, so that a run can be compared with another.
/// </summary>
internal sealed class SchedulerModel
{
    private readonly Random _random;
    private readonly Scheduler _scheduler;
    private readonly FakeExecutor _executor;
    private readonly ModelShape _shape;
    private readonly Dictionary<Sequence, int> _wanted = [];
    private readonly List<Sequence> _alive = [];
    private readonly List<int[]> _stems = [];
    private readonly StringBuilder _trace = new();
    private TimeSpan _now;
    private int _arrived;

    public SchedulerModel(int seed, ModelShape shape, Func<int, int, BlockCache>? makeCache = null)
    {
        _random = new Random(seed);
        _shape = shape;
        BlockCache cache = makeCache?.Invoke(shape.Blocks, shape.BlockSize) ?? new BlockCache(shape.Blocks, shape.BlockSize);
        _scheduler = new Scheduler(shape.Options, cache);
        _executor = new FakeExecutor(shape.Blocks, shape.BlockSize);
        for (int i = 0; i < 4; i++)
        {
            _stems.Add(Tokens(shape.Options.ContextLength));
        }
    }

    /// <summary>Plans in short, to compare runs.</summary>
    public string Trace => _trace.ToString();

    public int Steps { get; private set; }

    public Scheduler Scheduler => _scheduler;

    public long RowsComputed => _executor.RowsComputed;

    /// <summary>Arrivals and steps until everything that arrived has ended, and the accounting of the empty scheduler.</summary>
    public void Run()
    {
        int bound = 200 + _shape.Arrivals * _shape.Options.ContextLength * 4;
        while (_arrived < _shape.Arrivals || _alive.Count > 0)
        {
            Arrive();
            CancelSome();
            Step();
            Assert.True(Steps < bound, $"{_alive.Count} sequences have not ended after {Steps} steps");
        }

        _scheduler.CheckIntegrity();
        Assert.Equal((0, 0), (_scheduler.WaitingCount, _scheduler.RunningCount));
        Assert.Equal(_scheduler.TotalBlocks, _scheduler.FreeBlocks + _scheduler.CachedBlocks);
    }

    private void Arrive()
    {
        while (_arrived < _shape.Arrivals && _random.Next(3) == 0)
        {
            bool all = _random.Next(12) == 0;
            SequenceArrival arrival = new()
            {
                Prompt = Prompt(),
                CacheSalt = _random.Next(_shape.Salts).ToString(CultureInfo.InvariantCulture),
                Priority = _random.Next(-1, 2),
                WantsAllOutputs = all,
            };
            if (_scheduler.TryAdd(arrival, _now) is { } sequence)
            {
                _arrived++;
                _alive.Add(sequence);
                _wanted[sequence] = 1 + _random.Next(_shape.MaxOutput);
            }
            else
            {
                // Preempted sequences wait too, beyond the limit.
                Assert.True(_scheduler.WaitingCount >= _shape.Options.MaxWaiting, "refused with room in the queue");
                break;
            }
        }
    }

    /// <summary>Most prompts begin as others do, to a random length.</summary>
    private int[] Prompt()
    {
        int length = 1 + _random.Next(_shape.MaxPrompt);
        int[] prompt = Tokens(length);
        int shared = _random.Next(length + 1);
        _stems[_random.Next(_stems.Count)].AsSpan(0, shared).CopyTo(prompt);
        return prompt;
    }

    private int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.Next(3))];

    private void CancelSome()
    {
        if (_alive.Count > 0 && _random.NextDouble() < _shape.CancelRate)
        {
            End(_alive[_random.Next(_alive.Count)]);
        }
    }

    private void Step()
    {
        Steps++;
        _now += TimeSpan.FromMilliseconds(_random.Next(1, 50));
        List<Sequence> streams = [.. _alive.Where(s => s is { State: SequenceState.Running, IsDecoding: true })];
        StepPlan plan = _scheduler.Plan(_now);
        Assert.Equal(_alive.Count == 0, plan.IsEmpty);
        CheckStreams(streams, plan);
        if (plan.IsEmpty)
        {
            return;
        }

        Record(plan);
        CheckLimits(plan);
        if (_random.NextDouble() < _shape.FailRate)
        {
            _executor.RunHalf(plan);
            _scheduler.Fail(plan);
            _scheduler.CheckIntegrity();
            return;
        }

        _executor.Run(plan);
        double rows = plan.Chunks.Sum(c => c.Count);
        _scheduler.Complete(plan, TimeSpan.FromMilliseconds(10 + rows * (0.5 + _random.NextDouble())));
        _scheduler.CheckIntegrity();
        foreach (PlannedChunk chunk in plan.Chunks.Where(c => c.IsLast).ToList())
        {
            Sample(chunk.Sequence);
        }

        _scheduler.CheckIntegrity();
    }

    private void Sample(Sequence sequence)
    {
        bool first = sequence.Tokens.Count == sequence.PromptLength;
        if (first && _random.NextDouble() < _shape.ForkRate)
        {
            for (int i = _random.Next(1, 4); i > 0; i--)
            {
                Sequence fork = _scheduler.Fork(sequence);
                _alive.Add(fork);
                _wanted[fork] = 1 + _random.Next(_shape.MaxOutput);
                AppendOrEnd(fork, i);
            }
        }

        AppendOrEnd(sequence, 0);
    }

    private void AppendOrEnd(Sequence sequence, int token)
    {
        int written = sequence.Tokens.Count - sequence.PromptLength;
        if (written >= _wanted[sequence] || sequence.Tokens.Count == _shape.Options.ContextLength)
        {
            End(sequence);
        }
        else
        {
            _scheduler.Append(sequence, (token + (_random.Next(4) == 0 ? 1 : 0)) % 3);
        }
    }

    private void End(Sequence sequence)
    {
        _scheduler.Finish(sequence);
        _scheduler.Finish(sequence);
        _alive.Remove(sequence);
        _executor.Forget(sequence);
    }

    private void CheckLimits(StepPlan plan)
    {
        SchedulerOptions options = _shape.Options;
        Assert.InRange(plan.Chunks.Sum(c => c.Count), 1, options.TokenBudget);
        Assert.InRange(plan.Chunks.Sum(c => c.End - c.FirstOutput), 0, options.MaxOutputs);
        Assert.Equal(plan.Chunks.Count, plan.Chunks.Select(c => c.Sequence).Distinct().Count());
        foreach (PlannedChunk chunk in plan.Chunks)
        {
            Assert.InRange(chunk.Count, 1, chunk.Sequence.Tokens.Count - chunk.Start);
            Assert.Equal(chunk.End == chunk.Sequence.Tokens.Count, chunk.IsLast);
            Assert.True(!chunk.IsLast || chunk.FirstOutput < chunk.End, "the last row's result is always wanted");
            Assert.DoesNotContain(chunk.Sequence, plan.Preempted);
            if (chunk.Sequence.Arrival.WantsAllOutputs)
            {
                Assert.True(chunk.Start <= chunk.Sequence.OutputRows, "a wanted row was taken from the cache");
            }
        }
    }

    /// <summary>Every stream moves in every step, or has lost its blocks, unless there are more streams than a step has room for.</summary>
    private void CheckStreams(List<Sequence> streams, StepPlan plan)
    {
        SchedulerOptions options = _shape.Options;
        bool room = streams.Count <= options.MaxOutputs - Math.Max(1, options.MaxOutputs / 8)
            && streams.Count <= options.TokenBudget - Math.Max(1, options.TokenBudget / 8);
        foreach (Sequence stream in streams)
        {
            Assert.True(
                !room || plan.Preempted.Contains(stream) || plan.Chunks.Any(c => c.Sequence == stream), $"stream {stream.Id} had no row in step {Steps}");
        }
    }

    private void Record(StepPlan plan)
    {
        foreach (PlannedChunk chunk in plan.Chunks)
        {
            _trace.Append(CultureInfo.InvariantCulture, $"{chunk.Sequence.Id}:{chunk.Start}+{chunk.Count}@{string.Join('.', chunk.Sequence.Blocks)} ");
        }

        foreach (BlockCopy copy in plan.Copies)
        {
            _trace.Append(CultureInfo.InvariantCulture, $"{copy.Source}>{copy.Destination} ");
        }

        _trace.Append('-').AppendJoin(',', plan.Preempted.Select(s => s.Id)).AppendLine();
    }
}

/// <summary>What a run of <see cref="SchedulerModel"/> looks like.</summary>
internal sealed record ModelShape
{
    public int Blocks { get; init; } = 24;

    public int BlockSize { get; init; } = 8;

    public int Arrivals { get; init; } = 40;

    public int Salts { get; init; } = 2;

    public int MaxPrompt { get; init; } = 60;

    public int MaxOutput { get; init; } = 30;

    public double CancelRate { get; init; } = 0.03;

    public double ForkRate { get; init; } = 0.2;

    public double FailRate { get; init; } = 0.02;

    public SchedulerOptions Options { get; init; } = new() { ContextLength = 96, TokenBudget = 64, MaxOutputs = 16, MaxRunning = 12, MaxWaiting = 20 };

    /// <summary>A shape drawn from a seed: pool, block and step sizes between tiny and roomy.</summary>
    public static ModelShape Draw(int seed)
    {
        Random random = new(seed);
        int size = random.Next(2, 17);
        int context = random.Next(20, 120);
        int least = (context + size - 1) / size;
        return new ModelShape
        {
            BlockSize = size,
            Blocks = least + random.Next(least * 4),
            Salts = random.Next(1, 4),
            MaxPrompt = context,
            MaxOutput = random.Next(1, context),
            Arrivals = random.Next(5, 60),
            CancelRate = random.NextDouble() * 0.1,
            ForkRate = random.NextDouble() * 0.4,
            FailRate = random.NextDouble() * 0.05,
            Options = new SchedulerOptions
            {
                ContextLength = context,
                TokenBudget = random.Next(2, 200),
                MaxOutputs = random.Next(2, 40),
                MaxRunning = random.Next(1, 40),
                MaxWaiting = random.Next(1, 40),
                StepTarget = TimeSpan.FromMilliseconds(random.Next(5, 200)),
                MinPrefillRows = random.Next(1, 40),
            },
        };
    }
}

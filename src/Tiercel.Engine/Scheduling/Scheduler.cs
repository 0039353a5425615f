using System.Diagnostics;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Scheduling;

/// <summary>
/// Decides what the next step computes. A step function over plain state: no clock, no threads, no I/O; the same calls give the same plans.
/// Used by the step thread alone.
/// </summary>
/// <remarks>
/// Sequences have one order, by urgency and arrival, which does not change with time. They are served from its beginning and preempted
/// from its end, so that the first one always moves on; since an old sequence is sooner or later before every new one, each becomes the
/// first.
/// </remarks>
public sealed partial class Scheduler
{
    private readonly BlockCache _cache;
    private readonly BlockTables _tables;
    private readonly StepCostModel _cost = new();
    private readonly StepPlan _plan;
    private readonly List<PlannedChunk> _chunks = [];
    private readonly List<Sequence> _preempted = [];

    // Both in the order of Sequence.CompareUrgency.
    private readonly List<Sequence> _waiting = [];
    private readonly List<Sequence> _running = [];
    private bool _planOpen;
    private long _step;
    private long _lastId;

    /// <summary>Makes a scheduler over an empty cache.</summary>
    /// <param name="blockCount">Blocks of the cache; 0 for encoders, which keep nothing.</param>
    /// <param name="blockSize">Tokens in a block.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or the cache holds less than one context.</exception>
    public Scheduler(SchedulerOptions options, int blockCount, int blockSize)
        : this(options, new BlockCache(blockCount, blockSize))
    {
    }

    internal Scheduler(SchedulerOptions options, BlockCache cache)
    {
        options.Validate(cache.Pool.Total, cache.BlockSize);
        Options = options;
        _cache = cache;
        _tables = new BlockTables(cache);
        _plan = new StepPlan(_chunks, _tables.Copies, _preempted);
    }

    public SchedulerOptions Options { get; }

    /// <summary>Sequences that wait, preempted ones included.</summary>
    public int WaitingCount => _waiting.Count;

    public int RunningCount => _running.Count;

    public int TotalBlocks => _cache.Pool.Total;

    public int FreeBlocks => _cache.Pool.FreeCount;

    /// <summary>Blocks that only the prefix cache holds.</summary>
    public int CachedBlocks => _cache.Pool.KeptCount;

    /// <summary>Prompt tokens looked up in the prefix cache.</summary>
    public long PrefixQueries { get; private set; }

    /// <summary>Prompt tokens found there. What is recomputed after a preemption counts in neither.</summary>
    public long PrefixHits { get; private set; }

    public long Preemptions { get; private set; }

    /// <summary>Queues a sequence; null when the queue is full.</summary>
    /// <param name="now">Time since an arbitrary start, from the caller's clock.</param>
    /// <exception cref="ArgumentException">The sequence could never run: the caller must have refused it.</exception>
    public Sequence? TryAdd(SequenceArrival arrival, TimeSpan now)
    {
        RequireNoOpenPlan();
        Validate(arrival);
        if (_waiting.Count >= Options.MaxWaiting)
        {
            return null;
        }

        int root = _cache.Tree.OpenRoot(arrival.CacheSalt);
        var urgency = Urgency.Of(now, arrival.Priority, Options.AgingInterval);
        Sequence sequence = new(++_lastId, arrival) { Urgency = urgency, Root = root, Tail = root };
        Insert(_waiting, sequence, SequenceState.Waiting);
        return sequence;
    }

    /// <summary>
    /// Makes the plan of one step. Unless it is empty, it must be completed or failed before the next is made. It is empty only when
    /// nothing can move before the caller adds, appends or ends something.
    /// </summary>
    public StepPlan Plan(TimeSpan now)
    {
        RequireNoOpenPlan();
        _step++;
        _chunks.Clear();
        _preempted.Clear();
        _tables.Copies.Clear();
        _rowsLeft = Options.TokenBudget;
        _outputsLeft = Options.MaxOutputs;
        PlanDecodes();
        _plannedDecodes = _chunks.Count;
        AdmitWaiting();
        PlanPrefills(_plannedDecodes);
        EaseHeadroom();
        _planOpen = !_plan.IsEmpty;
        return _plan;
    }

    /// <summary>The planned rows have been computed; <paramref name="elapsed"/> teaches how long steps take.</summary>
    public void Complete(StepPlan plan, TimeSpan elapsed)
    {
        if (!TryClose(plan))
        {
            return;
        }

        double pairs = 0;
        int rows = 0;
        foreach (PlannedChunk chunk in _chunks)
        {
            rows += chunk.Count;
            pairs += PairsOf(chunk.Start, chunk.Count);
            if (chunk.Sequence.Arrival.WantsAllOutputs)
            {
                chunk.Sequence.OutputRows = Math.Max(chunk.Sequence.OutputRows, chunk.End);
            }
        }

        _cost.Learn(rows, pairs, elapsed.TotalSeconds);
        RememberPrefillRows(rows);
        _tables.Commit();
        CheckIntegrityInDebug();
    }

    /// <summary>
    /// The step threw. Nothing that it should have written can be found in the cache any more; its sequences wait again, tokens kept, to
    /// be finished by the caller or tried again.
    /// </summary>
    public void Fail(StepPlan plan)
    {
        if (!TryClose(plan))
        {
            return;
        }

        _tables.Withdraw();
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            Sequence sequence = _running[i];
            if (sequence.PlannedStep == _step || sequence.MatchedStep == _step)
            {
                Requeue(sequence);
            }
        }

        CheckIntegrityInDebug();
    }

    /// <summary>Appends the sampled token of a sequence whose last chunk was computed; it will be decoded in the next step.</summary>
    /// <exception cref="InvalidOperationException">The context is full: the sequence had to be finished.</exception>
    public void Append(Sequence sequence, int token)
    {
        RequireNoOpenPlan();
        RequireAlive(sequence);
        if (sequence.Tokens.Count >= Options.ContextLength)
        {
            throw new InvalidOperationException($"sequence {sequence.Id} already has the {Options.ContextLength} tokens of the context");
        }

        sequence.Tokens.Add(token);
    }

    /// <summary>Reports from now on what the prefix cache holds to this feed, and to no other; null ends reporting.</summary>
    internal void ObserveCache(CacheFeed? feed) => _cache.Reports.Attach(feed);

    /// <summary>Passes on what was done to the prefix cache since the last call.</summary>
    internal void ReportCache()
    {
        RequireNoOpenPlan();
        _cache.Reports.Flush();
    }

    /// <summary>Takes free blocks out of use, to measure with; nothing is evicted for it.</summary>
    /// <returns>At most as many as were asked for.</returns>
    internal List<int> BorrowFreeBlocks(int count)
    {
        RequireNoOpenPlan();
        List<int> blocks = [];
        while (blocks.Count < count && _cache.Pool.FreeCount > 0)
        {
            blocks.Add(_cache.Pool.Take());
        }

        return blocks;
    }

    internal void ReturnBlocks(List<int> blocks) => blocks.ForEach(block => _cache.Pool.Drop(block, keep: false));

    /// <summary>Makes another sequence that continues from the same tokens and shares the blocks (n > 1), running at once.</summary>
    public Sequence Fork(Sequence parent)
    {
        RequireNoOpenPlan();
        RequireAlive(parent);
        int root = _cache.Tree.OpenRoot(parent.Arrival.CacheSalt);
        Sequence child = new(++_lastId, parent.Arrival)
        {
            Urgency = parent.Urgency,
            Root = root,
            Tail = root,
            OutputRows = parent.OutputRows,
            CachedTokens = parent.CachedTokens,
            Preemptions = parent.Preemptions,
        };
        for (int i = parent.PromptLength; i < parent.Tokens.Count; i++)
        {
            child.Tokens.Add(parent.Tokens[i]);
        }

        _tables.Share(parent, child);
        Insert(parent.State == SequenceState.Running ? _running : _waiting, child, parent.State);
        return child;
    }

    /// <summary>
    /// Ends a sequence in whatever state it is (waiting, running, preempted) and gives its blocks to the prefix cache. Between steps
    /// only; a second call does nothing.
    /// </summary>
    public void Finish(Sequence sequence)
    {
        RequireNoOpenPlan();
        if (sequence.State == SequenceState.Finished)
        {
            return;
        }

        Remove(sequence);
        _tables.Release(sequence);
        _cache.Tree.CloseRoot(sequence.Root);
        sequence.State = SequenceState.Finished;
    }

    private void Validate(SequenceArrival arrival)
    {
        int length = arrival.Prompt.Count;
        if (length < 1 || length > Options.ContextLength)
        {
            throw new ArgumentException($"a prompt has 1 to {Options.ContextLength} tokens, not {length}", nameof(arrival));
        }

        if (!arrival.SingleStep && _cache.Pool.Total == 0)
        {
            throw new ArgumentException("without a key/value cache a prompt must be computed in a single step", nameof(arrival));
        }

        int outputs = arrival.WantsAllOutputs ? length : 1;
        if (arrival.SingleStep && (length > Options.TokenBudget || outputs > Options.MaxOutputs))
        {
            throw new ArgumentException(
                $"a step has {Options.TokenBudget} rows and {Options.MaxOutputs} outputs, a prompt in a single step needs {length} and {outputs}",
                nameof(arrival));
        }
    }

    private static void Insert(List<Sequence> list, Sequence sequence, SequenceState state)
    {
        sequence.State = state;
        list.Insert(~list.BinarySearch(sequence, UrgencyOrder), sequence);
    }

    private void Remove(Sequence sequence)
    {
        List<Sequence> list = sequence.State == SequenceState.Running ? _running : _waiting;
        list.RemoveAt(list.BinarySearch(sequence, UrgencyOrder));
    }

    /// <summary>
    /// Takes all blocks from a running sequence and lets it wait again. Full blocks stay findable until they are evicted.
    /// </summary>
    private void Requeue(Sequence sequence)
    {
        Remove(sequence);
        _tables.Release(sequence);
        Insert(_waiting, sequence, SequenceState.Waiting);
    }

    private bool TryClose(StepPlan plan)
    {
        if (!ReferenceEquals(plan, _plan) || (!_planOpen && !plan.IsEmpty))
        {
            throw new InvalidOperationException("only the last plan can be completed or failed, and only once");
        }

        bool open = _planOpen;
        _planOpen = false;
        return open;
    }

    private void RequireNoOpenPlan()
    {
        if (_planOpen)
        {
            throw new InvalidOperationException("the last plan has been neither completed nor failed");
        }
    }

    private static void RequireAlive(Sequence sequence)
    {
        if (sequence.State == SequenceState.Finished)
        {
            throw new InvalidOperationException($"sequence {sequence.Id} has finished");
        }
    }

    /// <summary>Pairs of positions that rows from a position on attend to.</summary>
    private static double PairsOf(int start, int count) => (double)count * (start + 0.5 * (count + 1));

    [Conditional("DEBUG")]
    private void CheckIntegrityInDebug() => CheckIntegrity();
}

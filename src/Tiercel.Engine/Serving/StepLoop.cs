using System.Collections.Concurrent;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>
/// The engine's one thread: takes arrivals and cancellations, lets the scheduler plan a step, runs it, samples, delivers; then again. Everything that
/// decides lives elsewhere; this is the edge where clock, threads and memory meet.
/// </summary>
internal sealed class StepLoop : IDisposable
{
    /// <summary>Steps that may fail one after the other before the engine declares itself dead.</summary>
    private const int FailuresUntilDead = 3;

    private static readonly EngineError Stopped = new(EngineErrorKind.Draining, "the engine was stopped");

    private readonly TransformerModel _model;
    private readonly KvStorage? _storage;
    private readonly Scheduler _scheduler;
    private readonly ThreadTeam _team;
    private readonly TimeProvider _time;
    private readonly TimeSpan _healthTimeout;
    private readonly JobContext _context;
    private readonly SampleStep _sampling;
    private readonly StepBatch _batch = new();
    private readonly ConcurrentQueue<(EngineJob Job, bool IsCancellation)> _inbox = new();
    private readonly ConcurrentQueue<(TimeSpan Budget, TaskCompletionSource<SpeedProfile?> Result)> _measurements = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private readonly long _startTimestamp;
    private readonly int _maxWaiting;
    private readonly Lock _gate = new();
    private bool _isClosed;
    private CacheFeed? _newFeed;
    private int _waiting;
    private int _unfinished;
    private int _consecutiveFailures;
    private long _steps;
    private long _promptTokens;
    private long _lastProgressTimestamp;
    private volatile bool _isStopping;
    private volatile bool _isIdle = true;
    private volatile EngineStatus _status = new() { Alive = true };
    private volatile string? _failure;

    public StepLoop(
        TransformerModel model, KvStorage? storage, Scheduler scheduler, ThreadTeam team, TimeProvider time, InferenceEngineOptions options)
    {
        _model = model;
        _storage = storage;
        _scheduler = scheduler;
        _team = team;
        _time = time;
        _healthTimeout = options.HealthTimeout;
        _maxWaiting = options.MaxWaitingRequests;
        _context = new JobContext(scheduler, scheduler.Options.ContextLength);
        _sampling = new SampleStep(model);
        _startTimestamp = time.GetTimestamp();
        _lastProgressTimestamp = _startTimestamp;
        PublishStatus();
        _thread = new Thread(Run) { Name = "tiercel-step", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Requests accepted and not yet ended.</summary>
    public int UnfinishedRequests => Volatile.Read(ref _unfinished);

    /// <summary>Queues a job; false when the queue is full or the engine has stopped.</summary>
    public bool TryPost(EngineJob job)
    {
        // The lock orders this against closing: a job is either refused here, or seen by the thread's last look at the inbox.
        lock (_gate)
        {
            if (_isClosed || Volatile.Read(ref _waiting) >= _maxWaiting)
            {
                return false;
            }

            Interlocked.Increment(ref _waiting);
            Interlocked.Increment(ref _unfinished);
            job.AcceptedTimestamp = _time.GetTimestamp();
            _inbox.Enqueue((job, false));
        }

        _wake.Set();
        return true;
    }

    public void Cancel(EngineJob job)
    {
        _inbox.Enqueue((job, true));
        WakeUp();
    }

    /// <summary>Reports what the prefix cache holds to this feed from the next step on, and to no other.</summary>
    public void Observe(CacheFeed feed)
    {
        Interlocked.Exchange(ref _newFeed, feed)?.Complete();
        WakeUp();
        lock (_gate)
        {
            if (_isClosed)
            {
                feed.Complete();
            }
        }
    }

    /// <summary>Measures between two steps; null where the engine was busy, or has no key/value cache.</summary>
    public Task<SpeedProfile?> MeasureAsync(TimeSpan budget)
    {
        TaskCompletionSource<SpeedProfile?> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_isClosed)
            {
                return Task.FromResult<SpeedProfile?>(null);
            }

            _measurements.Enqueue((budget, result));
        }

        WakeUp();
        return result.Task;
    }

    public void WakeUp()
    {
        if (!_isStopping)
        {
            _wake.Set();
        }
    }

    public EngineStatus GetStatus(bool draining)
    {
        EngineStatus status = _status;
        bool recent = _time.GetElapsedTime(Volatile.Read(ref _lastProgressTimestamp)) < _healthTimeout;
        return status with
        {
            Draining = draining,
            WaitingSequences = Math.Max(Volatile.Read(ref _waiting), status.WaitingSequences),
            Alive = _failure is null && !_isStopping && ((_isIdle && _inbox.IsEmpty) || recent),
            Failure = _failure,
        };
    }

    public void Dispose()
    {
        _isStopping = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        try
        {
            Loop();
            EndEverything(FinishReason.Error, Stopped);
        }
#pragma warning disable CA1031 // Nothing may escape from a thread: that would end the whole process.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Die(exception);
        }
    }

    private void Loop()
    {
        while (!_isStopping)
        {
            DrainInbox();
            ServeObservers();
            StepPlan plan = _scheduler.Plan(Now());
            if (plan.IsEmpty)
            {
                WaitForWork();
                continue;
            }

            _isIdle = false;
            RunStep(plan);
            Volatile.Write(ref _lastProgressTimestamp, _time.GetTimestamp());
            PublishStatus();
        }
    }

    /// <summary>Between steps: tells observers what the last step did, and measures where that was asked for.</summary>
    private void ServeObservers()
    {
        if (Interlocked.Exchange(ref _newFeed, null) is CacheFeed feed)
        {
            _scheduler.ObserveCache(feed);
        }

        _scheduler.ReportCache();
        while (_measurements.TryDequeue(out (TimeSpan Budget, TaskCompletionSource<SpeedProfile?> Result) wanted))
        {
            wanted.Result.TrySetResult(Measure(wanted.Budget));
        }
    }

    private SpeedProfile? Measure(TimeSpan budget)
    {
        if (_storage is null || _scheduler.RunningCount + _scheduler.WaitingCount > 0 || _failure is not null)
        {
            return null;
        }

        List<int> blocks = _scheduler.BorrowFreeBlocks(SpeedProbe.WantedBlocks);
        try
        {
            return new SpeedProbe(_model, _storage, blocks, _scheduler.Options, _time).Measure(budget);
        }
#pragma warning disable CA1031 // A measurement that fails is no reason to serve nothing; a broken kernel shows itself in the first real step.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
        finally
        {
            _scheduler.ReturnBlocks(blocks);
        }
    }

    /// <summary>
    /// Something outside of a step threw, and what the scheduler holds is not known any more: every request ends with an error, and no more are taken.
    /// </summary>
    private void Die(Exception exception)
    {
        _failure = $"the step loop failed: {exception.Message}";
        _context.AbandonScheduler();
        EndEverything(FinishReason.Error, new EngineError(EngineErrorKind.Internal, _failure));
    }

    private TimeSpan Now() => _time.GetElapsedTime(_startTimestamp);

    private void WaitForWork()
    {
        PublishStatus();
        _isIdle = _scheduler.WaitingCount == 0 && _scheduler.RunningCount == 0;
        _wake.WaitOne(TimeSpan.FromSeconds(1));
        if (_isIdle)
        {
            // Time spent without work is not time without progress.
            Volatile.Write(ref _lastProgressTimestamp, _time.GetTimestamp());
        }

        _isIdle = false;
    }

    private void DrainInbox()
    {
        while (_inbox.TryDequeue(out (EngineJob Job, bool IsCancellation) entry))
        {
            if (entry.Job.IsFinished)
            {
                continue;
            }

            if (entry.IsCancellation)
            {
                EndJob(entry.Job, FinishReason.Cancelled, null);
            }
            else
            {
                Admit(entry.Job);
            }
        }
    }

    private void Admit(EngineJob job)
    {
        if (_failure is not null)
        {
            EndJob(job, FinishReason.Error, new EngineError(EngineErrorKind.Internal, _failure));
            return;
        }

        foreach (SequenceArrival arrival in job.Arrivals)
        {
            Sequence? sequence = _scheduler.TryAdd(arrival, Now());
            if (sequence is null)
            {
                EndJob(job, FinishReason.Error, new EngineError(EngineErrorKind.QueueFull, "the queue is full"));
                return;
            }

            job.Attach(sequence);
            _context.Register(sequence, job);
        }
    }

    private void EndJob(EngineJob job, FinishReason reason, EngineError? error)
    {
        job.End(reason, error, _context);
        LeaveQueue(job);
        Interlocked.Decrement(ref _unfinished);
    }

    private void LeaveQueue(EngineJob job)
    {
        if (job.IsQueued)
        {
            job.IsQueued = false;
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void RunStep(StepPlan plan)
    {
        long started = _time.GetTimestamp();
        try
        {
            BuildBatch(plan);
            foreach (BlockCopy copy in plan.Copies)
            {
                _storage!.CopyBlock(copy.Source, copy.Destination);
            }

            _model.Forward(_batch, _storage);
            _team.Run(_sampling, _sampling.Count);
        }
#pragma warning disable CA1031 // Whatever a kernel throws ends the requests of this step, not the server.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            FailStep(plan, exception);
            return;
        }

        _scheduler.Complete(plan, _time.GetElapsedTime(started));
        _steps++;
        _consecutiveFailures = 0;
        Interlocked.Add(ref _unfinished, -_sampling.Deliver(_context));
    }

    private void BuildBatch(StepPlan plan)
    {
        _batch.Clear();
        _sampling.Clear();
        foreach (PlannedChunk chunk in plan.Chunks)
        {
            int firstRow = _batch.Tokens.Count;
            for (int i = 0; i < chunk.Count; i++)
            {
                _batch.Tokens.Add(chunk.Sequence.Tokens[chunk.Start + i]);
                _batch.Positions.Add(chunk.Start + i);
            }

            _batch.Sequences.Add(new StepSequence(firstRow, chunk.Count, chunk.Start, chunk.Sequence.Blocks));
            EngineJob job = _context.OwnerOf(chunk.Sequence);
            job.QueueTime ??= _time.GetElapsedTime(job.AcceptedTimestamp);
            LeaveQueue(job);
            int firstOutput = _batch.Outputs.Count;
            job.RequestOutputs(chunk, firstRow, _batch);
            _sampling.Add(job, chunk, firstOutput, _batch.Outputs.Count - firstOutput);
            _promptTokens += Math.Max(0, Math.Min(chunk.Start + chunk.Count, chunk.Sequence.PromptLength) - chunk.Start);
        }
    }

    /// <summary>Ends the requests whose rows were in a step that threw; the others go on.</summary>
    private void FailStep(StepPlan plan, Exception exception)
    {
        EngineError error = new(EngineErrorKind.Internal, $"the step failed: {exception.Message}");
        _scheduler.Fail(plan);
        foreach (EngineJob job in plan.Chunks.Select(chunk => _context.OwnerOf(chunk.Sequence)).Distinct().ToArray())
        {
            EndJob(job, FinishReason.Error, error);
        }

        if (++_consecutiveFailures == FailuresUntilDead)
        {
            _failure = $"{FailuresUntilDead} steps in a row failed, the last with: {exception.Message}";
            EndEverything(FinishReason.Error, error);
        }
    }

    private void EndEverything(FinishReason reason, EngineError error)
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        Interlocked.Exchange(ref _newFeed, null)?.Complete();
        _scheduler.ObserveCache(null);
        while (_measurements.TryDequeue(out (TimeSpan Budget, TaskCompletionSource<SpeedProfile?> Result) wanted))
        {
            wanted.Result.TrySetResult(null);
        }

        DrainInbox();
        foreach (EngineJob job in _context.Jobs())
        {
            try
            {
                EndJob(job, reason, error);
            }
#pragma warning disable CA1031 // One request that cannot even be ended must not keep the others from it.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                job.Abandon(exception);
                LeaveQueue(job);
                Interlocked.Decrement(ref _unfinished);
            }
        }

        PublishStatus();
    }

    private void PublishStatus()
    {
        _status = new EngineStatus
        {
            RunningSequences = _scheduler.RunningCount,
            WaitingSequences = _scheduler.WaitingCount,
            MaxRunningSequences = _scheduler.Options.MaxRunning,
            TotalBlocks = _scheduler.TotalBlocks,
            FreeBlocks = _scheduler.FreeBlocks,
            CachedBlocks = _scheduler.CachedBlocks,
            BlockSize = KvStorage.BlockSize,
            Steps = _steps,
            PrefixCacheQueries = _scheduler.PrefixQueries,
            PrefixCacheHits = _scheduler.PrefixHits,
            Preemptions = _scheduler.Preemptions,
            PromptTokens = _promptTokens,
            GeneratedTokens = _context.GeneratedTokens,
            Alive = true,
        };
    }
}

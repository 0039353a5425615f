namespace Tiercel.Engine.Scheduling;

/// <summary>
/// Decides what the next step computes. A step function over plain state: no clock, no threads, no I/O; the same calls give the same plans.
/// Used by the step thread alone.
/// </summary>
public sealed class Scheduler
{
    public Scheduler(SchedulerOptions options, int blockCount, int blockSize)
    {
        Options = options;
    }

    public SchedulerOptions Options { get; }

    public int WaitingCount => throw new NotImplementedException();

    public int RunningCount => throw new NotImplementedException();

    /// <summary>Queues a sequence; null when the queue is full.</summary>
    /// <param name="now">Time since an arbitrary start, from the caller's clock.</param>
    public Sequence? TryAdd(SequenceArrival arrival, TimeSpan now) => throw new NotImplementedException();

    /// <summary>Makes the plan of one step. It must be completed before the next is made.</summary>
    public StepPlan Plan(TimeSpan now) => throw new NotImplementedException();

    /// <summary>The planned rows have been computed; <paramref name="elapsed"/> teaches how long steps take.</summary>
    public void Complete(StepPlan plan, TimeSpan elapsed) => throw new NotImplementedException();

    /// <summary>Appends the sampled token of a sequence whose last chunk was computed; it will be decoded in the next step.</summary>
    public void Append(Sequence sequence, int token) => throw new NotImplementedException();

    /// <summary>Makes another sequence that continues from the same tokens and shares the blocks (n > 1), running at once.</summary>
    public Sequence Fork(Sequence parent) => throw new NotImplementedException();

    /// <summary>Ends a sequence in whatever state it is (waiting, running, preempted) and gives its blocks to the prefix cache. Between steps only.</summary>
    public void Finish(Sequence sequence) => throw new NotImplementedException();
}

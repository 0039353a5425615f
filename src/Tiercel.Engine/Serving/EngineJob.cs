using Tiercel.Engine.Models;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>
/// An accepted request on the step thread. The loop asks it which rows it wants results of, lets it compute on them (in parallel with other
/// jobs), and then lets it act (alone on the step thread).
/// </summary>
internal abstract class EngineJob
{
    private long _queueTicks = -1;

    /// <summary>Whether the job still occupies a place in the bounded queue; it leaves it when its first rows are planned.</summary>
    public bool IsQueued { get; set; } = true;

    /// <summary>Time stamp of being accepted, on the loop's clock.</summary>
    public long AcceptedTimestamp { get; set; }

    /// <summary>Time from being accepted to the first planned rows; null before. Written by the step thread, read by any.</summary>
    public TimeSpan? QueueTime
    {
        get => Volatile.Read(ref _queueTicks) is >= 0 and long ticks ? TimeSpan.FromTicks(ticks) : null;
        set => Volatile.Write(ref _queueTicks, value?.Ticks ?? -1);
    }

    /// <summary>True once every choice has had its last event.</summary>
    public abstract bool IsFinished { get; }

    /// <summary>What the scheduler is told when the job arrives, at least one.</summary>
    public abstract IReadOnlyList<SequenceArrival> Arrivals { get; }

    /// <summary>The scheduler has taken the job's next arrival.</summary>
    public abstract void Attach(Sequence sequence);

    /// <summary>Adds the wanted rows of a chunk to the batch.</summary>
    /// <param name="chunk">Planned rows of one of the job's sequences.</param>
    /// <param name="firstRow">Row of the chunk's first token in the batch.</param>
    /// <param name="batch">Its outputs are appended to.</param>
    public abstract void RequestOutputs(in PlannedChunk chunk, int firstRow, StepBatch batch);

    /// <summary>Works on the results of a chunk: sampling, log probabilities. Runs on any thread of the team, once a chunk; touches nothing but the job.</summary>
    /// <param name="chunk">As planned.</param>
    /// <param name="outputs">Results of the rows asked for, in order; may be overwritten.</param>
    public abstract void Compute(in PlannedChunk chunk, ChunkOutputs outputs);

    /// <summary>Acts on what was computed: appends tokens, forks, finishes, sends events. On the step thread, after the scheduler has completed the step.</summary>
    public abstract void Deliver(in PlannedChunk chunk, JobContext context);

    /// <summary>Ends everything that still runs.</summary>
    public abstract void End(FinishReason reason, EngineError? error, JobContext context);

    /// <summary>Ends the caller's side after <see cref="End"/> itself has thrown.</summary>
    public abstract void Abandon(Exception exception);
}

namespace Tiercel.Engine.Scheduling;

/// <summary>
/// What one step does; empty when there is nothing to do. Its lists are refilled by the next plan.
/// </summary>
/// <param name="Chunks">The rows; those of one sequence are one chunk. A row may attend to blocks that another chunk of the same step
/// writes.</param>
/// <param name="Copies">Made one after the other, in this order, before the rows are computed: a later copy may overwrite an earlier
/// one's source.</param>
/// <param name="Preempted">Sequences that lost their blocks and wait again; their tokens are kept.</param>
public sealed record StepPlan(IReadOnlyList<PlannedChunk> Chunks, IReadOnlyList<BlockCopy> Copies, IReadOnlyList<Sequence> Preempted)
{
    public bool IsEmpty => Chunks.Count == 0;
}

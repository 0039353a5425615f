namespace Tiercel.Engine.Scheduling;

/// <summary>What one step does; empty when there is nothing to do.</summary>
public sealed record StepPlan(IReadOnlyList<PlannedChunk> Chunks, IReadOnlyList<BlockCopy> Copies, IReadOnlyList<Sequence> Preempted)
{
    public bool IsEmpty => Chunks.Count == 0;
}

using Tiercel.Engine.Kernels;
using Tiercel.Engine.Models;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>Lets the jobs of a step work on their results, shared by the threads of the team: sampling a large vocabulary costs as much as a small layer.</summary>
internal sealed class SampleStep(TransformerModel model) : TeamWork
{
    private readonly List<(EngineJob Job, PlannedChunk Chunk, int FirstOutput, int OutputCount)> _items = [];

    public int Count => _items.Count;

    public void Clear() => _items.Clear();

    public void Add(EngineJob job, in PlannedChunk chunk, int firstOutput, int outputCount) => _items.Add((job, chunk, firstOutput, outputCount));

    public override void Execute(int item, int thread)
    {
        (EngineJob job, PlannedChunk chunk, int firstOutput, int outputCount) = _items[item];
        job.Compute(chunk, new ChunkOutputs(model, firstOutput, outputCount));
    }

    /// <summary>Hands each result to its job, in the order of the plan. Returns how many jobs ended by it.</summary>
    public int Deliver(JobContext context)
    {
        int ended = 0;
        foreach ((EngineJob job, PlannedChunk chunk, _, _) in _items)
        {
            // A job may have ended while an earlier chunk of the same step was delivered.
            if (!job.IsFinished)
            {
                job.Deliver(chunk, context);
                ended += job.IsFinished ? 1 : 0;
            }
        }

        return ended;
    }
}

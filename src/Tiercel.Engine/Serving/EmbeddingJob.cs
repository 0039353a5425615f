using Tiercel.Engine.Models;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>An embedding request on the step thread: gathers the hidden states of its rows and pools them when the last has been computed.</summary>
internal sealed class EmbeddingJob : EngineJob
{
    private readonly TaskCompletionSource<EmbeddingResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PoolingKind _kind;
    private readonly EmbeddingPooling _pool;
    private Sequence? _sequence;
    private int _nextPosition;

    public EmbeddingJob(EmbeddingRequest request, ModelSpec spec)
    {
        _kind = spec.Pooling;
        _pool = new EmbeddingPooling(spec.EmbeddingLength);
        Arrivals =
        [
            new SequenceArrival
            {
                Prompt = request.Prompt,
                CacheSalt = request.CacheSalt,
                Priority = request.Priority,
                WantsAllOutputs = _kind != PoolingKind.Last,
                SingleStep = !spec.IsCausal,
            },
        ];
    }

    public Task<EmbeddingResult> Result => _result.Task;

    public override IReadOnlyList<SequenceArrival> Arrivals { get; }

    public override bool IsFinished => _result.Task.IsCompleted;

    public override void Attach(Sequence sequence) => _sequence = sequence;

    public override void RequestOutputs(in PlannedChunk chunk, int firstRow, StepBatch batch)
    {
        (int first, int count) = WantedRows(chunk);
        for (int i = first; i < first + count; i++)
        {
            batch.Outputs.Add((firstRow + i, StepOutputKind.Hidden));
        }
    }

    public override void Compute(in PlannedChunk chunk, ChunkOutputs outputs)
    {
        (int first, int count) = WantedRows(chunk);
        for (int i = 0; i < count; i++)
        {
            // Rows computed again after a preemption have been counted before.
            if (chunk.Start + first + i >= _nextPosition)
            {
                _pool.Add(outputs[i]);
                _nextPosition = chunk.Start + first + i + 1;
            }
        }
    }

    public override void Deliver(in PlannedChunk chunk, JobContext context)
    {
        if (chunk.IsLast)
        {
            context.Finish(chunk.Sequence);
            _result.TrySetResult(new EmbeddingResult(_pool.Finish(), null));
        }
    }

    public override void End(FinishReason reason, EngineError? error, JobContext context)
    {
        if (_sequence is not null)
        {
            context.Finish(_sequence);
        }

        if (reason == FinishReason.Cancelled)
        {
            _result.TrySetCanceled();
        }
        else
        {
            _result.TrySetResult(new EmbeddingResult(null, error));
        }
    }

    public override void Abandon(Exception exception) => _result.TrySetException(exception);

    /// <summary>Rows of a chunk that the pooling needs, counted from the chunk's first.</summary>
    private (int First, int Count) WantedRows(in PlannedChunk chunk) => _kind switch
    {
        PoolingKind.Mean => (chunk.FirstOutput - chunk.Start, chunk.End - chunk.FirstOutput),
        PoolingKind.First => (0, chunk is { Start: 0, FirstOutput: 0 } ? 1 : 0),
        _ => chunk.IsLast ? (chunk.Count - 1, 1) : (0, 0),
    };
}

using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>Keys and values of one layer of an encoder, which live no longer than that layer: blocks in float32, so that decoders and encoders attend alike.</summary>
internal sealed class EncoderCache : IDisposable
{
    private readonly StepBatch _batch = new();
    private readonly int[] _blocks;

    public EncoderCache(ModelSpec spec, int maxRows)
    {
        // Every text may leave its last block part empty, and a text has at least one row.
        _blocks = [.. Enumerable.Range(0, maxRows)];
        Storage = new KvStorage(new KvLayout(KvType.F32, 1, spec.KvHeadCount, spec.KeyLength, spec.ValueLength), maxRows);
    }

    public KvStorage Storage { get; }

    /// <summary>The batch with blocks for each text.</summary>
    public StepBatch Plan(StepBatch batch)
    {
        _batch.Clear();
        _batch.Tokens.AddRange(batch.Tokens);
        _batch.Positions.AddRange(batch.Positions);
        int next = 0;
        foreach (StepSequence sequence in batch.Sequences)
        {
            int count = (sequence.RowCount + KvStorage.BlockSize - 1) / KvStorage.BlockSize;
            _batch.Sequences.Add(sequence with { Blocks = new ArraySegment<int>(_blocks, next, count) });
            next += count;
        }

        return _batch;
    }

    public void Dispose() => Storage.Dispose();
}

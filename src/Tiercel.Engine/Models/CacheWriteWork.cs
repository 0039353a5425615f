using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>Finishes queries, keys and values of a layer (bias, norm, rotation) and stores keys and values in the cache.</summary>
internal sealed class CacheWriteWork(ModelSpec spec, ModelWeights weights, StepScratch scratch) : RowWork
{
    private int[] _blocks = [];
    private StepBatch _batch = new();
    private KvStorage? _cache;
    private int _cacheLayer;
    private LayerWeights _layer = weights.Layers[0];
    private int _rotary;

    /// <summary>Finds the block of each row; holds for all layers of a step.</summary>
    public void Plan(StepBatch batch, KvStorage cache)
    {
        _batch = batch;
        _cache = cache;
        if (_blocks.Length < batch.Tokens.Count)
        {
            _blocks = new int[batch.Tokens.Count];
        }

        foreach (StepSequence sequence in batch.Sequences)
        {
            for (int i = 0; i < sequence.RowCount; i++)
            {
                _blocks[sequence.FirstRow + i] = sequence.Blocks[(sequence.Start + i) / KvStorage.BlockSize];
            }
        }
    }

    /// <param name="team">Threads.</param>
    /// <param name="layer">The layer of the model.</param>
    /// <param name="cacheLayer">The layer of the cache that is written.</param>
    public void Run(ThreadTeam team, int layer, int cacheLayer)
    {
        _layer = weights.Layers[layer];
        _rotary = spec.Layers[layer].Rotary;
        _cacheLayer = cacheLayer;
        Run(team, _batch.Tokens.Count);
    }

    protected override void Row(int row)
    {
        Span<float> all = scratch.QueryKeyValue[row];
        if (_layer.QueryKeyValueBias is not null)
        {
            RowArithmetic.Add(_layer.QueryKeyValueBias, all);
        }

        Span<float> queries = all[..spec.QueryWidth];
        Span<float> keys = all.Slice(spec.QueryWidth, spec.KeyWidth);
        Span<float> values = all[(spec.QueryWidth + spec.KeyWidth)..];
        Normalise(_layer.QueryNorm, queries);
        Normalise(_layer.KeyNorm, keys);
        if (_rotary >= 0)
        {
            ReadOnlySpan<float> angles = scratch.Rotations[_rotary][row];
            Rotate(queries, angles);
            Rotate(keys, angles);
        }

        _cache!.Write(_blocks[row], _batch.Positions[row] % KvStorage.BlockSize, _cacheLayer, keys, values);
    }

    private void Normalise(NormWeights? norm, Span<float> heads)
    {
        if (norm is null)
        {
            return;
        }

        int length = spec.QueryKeyNorm == QueryKeyNorm.PerHead ? spec.KeyLength : heads.Length;
        for (int start = 0; start < heads.Length; start += length)
        {
            Span<float> part = heads.Slice(start, length);
            norm.Apply(part, part);
        }
    }

    private void Rotate(Span<float> heads, ReadOnlySpan<float> angles)
    {
        int pairs = angles.Length / 2;
        for (int start = 0; start < heads.Length; start += spec.KeyLength)
        {
            Span<float> head = heads.Slice(start, spec.KeyLength);
            if (spec.RotaryOrder == RotaryOrder.Adjacent)
            {
                Rotary.Adjacent(head, angles[..pairs], angles[pairs..]);
            }
            else
            {
                Rotary.Halves(head, angles[..pairs], angles[pairs..]);
            }
        }
    }
}

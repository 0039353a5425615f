using System.Runtime.Intrinsics;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Attention of the rows of a step over the blocks of their sequences. An item is one key/value head and a group of adjacent rows of one sequence: a block is
/// expanded to float32 once and serves every query head of the group. A row walks its blocks from the first it sees, in order, with an online softmax; what
/// it computes depends on its position, its window and the cache alone (promise P2).
/// </summary>
internal sealed unsafe class AttentionWork : TeamWork, IDisposable
{
    private const int Tokens = KvStorage.BlockSize;

    // Floats of sums of an item: enough query vectors to pay for expanding a block, few enough that the sums stay in the first-level cache.
    private const int TargetSums = 4096;

    // Room for the totals of a query vector in lanes of the widest vectors.
    private const int TotalLanes = 16;

    private readonly ModelSpec _spec;
    private readonly int _groupSize;
    private readonly int _rowsPerItem;
    private readonly int _valueStride;
    private readonly FloatBuffer[] _scratch;
    private readonly List<Item> _items = [];
    private StepBatch _batch = new();
    private AttentionQuery _query;

    public AttentionWork(ModelSpec spec, int threadCount)
    {
        _spec = spec;
        _groupSize = spec.HeadsPerKvHead;
        _valueStride = (spec.ValueLength + Tokens - 1) / Tokens * Tokens;
        _rowsPerItem = Math.Max(1, TargetSums / _valueStride / _groupSize);
        int vectors = VectorCount(_rowsPerItem);
        int floats = checked((vectors * (spec.KeyLength + Tokens + _valueStride + TotalLanes + 1)) + (spec.KeyLength * Tokens) + (Tokens * _valueStride));
        _scratch = new FloatBuffer[threadCount];
        for (int thread = 0; thread < threadCount; thread++)
        {
            _scratch[thread] = new FloatBuffer(1, floats + 64);
        }
    }

    /// <summary>Divides the rows of a step into items; holds for all its layers.</summary>
    public void Plan(StepBatch batch)
    {
        _batch = batch;
        _items.Clear();
        for (int index = 0; index < batch.Sequences.Count; index++)
        {
            StepSequence sequence = batch.Sequences[index];
            for (int row = 0; row < sequence.RowCount; row += _rowsPerItem)
            {
                _items.Add(new Item(index, sequence.FirstRow + row, Math.Min(_rowsPerItem, sequence.RowCount - row)));
            }
        }
    }

    public void Run(ThreadTeam team, AttentionQuery query)
    {
        _query = query;
        team.Run(this, _items.Count * _spec.KvHeadCount);
    }

    public override void Execute(int item, int thread)
    {
        Item work = _items[item / _spec.KvHeadCount];
        int head = item % _spec.KvHeadCount;
        if (Vector512.IsHardwareAccelerated)
        {
            Attend<FloatLanes512>(work, head, thread);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Attend<FloatLanes256>(work, head, thread);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Attend<FloatLanes128>(work, head, thread);
        }
        else
        {
            Attend<ScalarLane>(work, head, thread);
        }
    }

    public void Dispose()
    {
        foreach (FloatBuffer buffer in _scratch)
        {
            buffer.Dispose();
        }
    }

    private int VectorCount(int rows) => ((rows * _groupSize) + AttentionTile.Vectors - 1) / AttentionTile.Vectors * AttentionTile.Vectors;

    private Scratch Divide(int thread, int vectors)
    {
        // Rows of the values and sums start on cache lines: they come first, and their strides are multiples of 32 floats.
        float* values = _scratch[thread].All.Address;
        float* keys = values + (Tokens * _valueStride);
        float* sums = keys + (_spec.KeyLength * Tokens);
        float* scores = sums + (vectors * _valueStride);
        float* totals = scores + (vectors * Tokens);
        float* queries = totals + (vectors * TotalLanes);
        float* maxima = queries + (vectors * _spec.KeyLength);
        return new Scratch(values, keys, sums, scores, queries, maxima, totals);
    }

    private void Attend<T>(Item item, int kvHead, int thread)
        where T : struct, IFloatLanes<T>
    {
        StepSequence sequence = _batch.Sequences[item.Sequence];
        int position = sequence.Start + item.FirstRow - sequence.FirstRow;
        int vectors = VectorCount(item.RowCount);
        Scratch scratch = Divide(thread, vectors);
        LoadQueries(item, kvHead, position, vectors, scratch);

        int sequenceEnd = sequence.Start + sequence.RowCount - 1;
        int lastSeen = _spec.IsCausal ? position + item.RowCount - 1 : sequenceEnd;
        int firstSeen = FirstSeen(position);
        KvLayout layout = _query.Cache.Layout;
        for (int block = firstSeen / Tokens; block <= lastSeen / Tokens; block++)
        {
            byte* head = _query.Cache.GetHead(sequence.Blocks[block], _query.Layer, kvHead);
            int first = Math.Max(0, firstSeen - (block * Tokens));
            int last = Math.Min(Tokens - 1, lastSeen - (block * Tokens));
            KvRows.ExpandKeys(layout.Type, head, layout.KeyLength, scratch.Keys);
            KvRows.ExpandValues(layout.Type, head + layout.KeyBytes, layout.ValueLength, first, last - first + 1, scratch.Values, _valueStride);
            for (int vector = 0; vector < vectors; vector += AttentionTile.Vectors)
            {
                AttendTile<T>(scratch, vector, block * Tokens, position, item.RowCount, sequenceEnd);
            }
        }

        StoreOutputs<T>(item, kvHead, scratch);
    }

    /// <summary>Four query vectors over one block.</summary>
    private void AttendTile<T>(Scratch scratch, int vector, int blockStart, int position, int rowCount, int sequenceEnd)
        where T : struct, IFloatLanes<T>
    {
        float* scores = scratch.Scores + (vector * Tokens);
        float* sums = scratch.Sums + (vector * _valueStride);
        AttentionTile.Score<T>(scratch.Queries + (vector * _spec.KeyLength), _spec.KeyLength, scratch.Keys, scores);
        if (_spec.AttentionSoftCap > 0)
        {
            RowArithmetic.SoftCap(new Span<float>(scores, AttentionTile.Vectors * Tokens), _spec.AttentionSoftCap);
        }

        float* shrink = stackalloc float[AttentionTile.Vectors];
        int* firsts = stackalloc int[AttentionTile.Vectors];
        int* lasts = stackalloc int[AttentionTile.Vectors];
        bool same = true;
        for (int i = 0; i < AttentionTile.Vectors; i++)
        {
            // Vectors that only fill the tile go with the last row.
            int row = position + Math.Min((vector + i) / _groupSize, rowCount - 1);
            firsts[i] = Math.Max(0, FirstSeen(row) - blockStart);
            lasts[i] = Math.Min(Tokens - 1, (_spec.IsCausal ? row : sequenceEnd) - blockStart);
            same &= firsts[i] == firsts[0] && lasts[i] == lasts[0];
            shrink[i] = firsts[i] <= lasts[i]
                ? AttentionTile.Softmax<T>(scores + (i * Tokens), firsts[i], lasts[i], ref scratch.Maxima[vector + i], scratch.Totals + ((vector + i) * TotalLanes))
                : 1f;
        }

        if (same && firsts[0] <= lasts[0])
        {
            AttentionTile.Accumulate4<T>(scores, shrink, scratch.Values, firsts[0], lasts[0], sums, _valueStride);
            return;
        }

        for (int i = 0; i < AttentionTile.Vectors; i++)
        {
            if (firsts[i] <= lasts[i])
            {
                AttentionTile.Accumulate1<T>(scores + (i * Tokens), shrink[i], scratch.Values, firsts[i], lasts[i], sums + (i * _valueStride), _valueStride);
            }
        }
    }

    /// <summary>Copies the query vectors of an item, scaled; vectors that only fill the last tile are zero.</summary>
    private void LoadQueries(Item item, int kvHead, int position, int vectors, Scratch scratch)
    {
        int length = _spec.KeyLength;
        new Span<float>(scratch.Sums, vectors * _valueStride).Clear();
        new Span<float>(scratch.Queries, vectors * length).Clear();
        new Span<float>(scratch.Maxima, vectors).Fill(float.NegativeInfinity);
        new Span<float>(scratch.Totals, vectors * TotalLanes).Clear();
        for (int vector = 0; vector < item.RowCount * _groupSize; vector++)
        {
            int row = vector / _groupSize;
            int head = (kvHead * _groupSize) + (vector % _groupSize);
            Span<float> query = new(scratch.Queries + (vector * length), length);
            _query.Queries[item.FirstRow + row].Slice(head * length, length).CopyTo(query);
            float temperature = _spec.Temperature?.At(position + row) ?? 1f;
            RowArithmetic.Scale(query, _spec.AttentionScale * temperature);
        }
    }

    private void StoreOutputs<T>(Item item, int kvHead, Scratch scratch)
        where T : struct, IFloatLanes<T>
    {
        int length = _spec.ValueLength;
        for (int vector = 0; vector < item.RowCount * _groupSize; vector++)
        {
            int head = (kvHead * _groupSize) + (vector % _groupSize);
            float maximum = scratch.Maxima[vector];
            float total = T.Load(in scratch.Totals[vector * TotalLanes], 0).Sum();
            float scale = 1 / total;
            if (_query.Sinks.Length > 0)
            {
                float sink = _query.Sinks[head];
                float larger = MathF.Max(maximum, sink);
                float shrink = MathF.Exp(maximum - larger);
                scale = shrink / ((total * shrink) + MathF.Exp(sink - larger));
            }

            Span<float> output = _query.Outputs[item.FirstRow + (vector / _groupSize)].Slice(head * length, length);
            new ReadOnlySpan<float>(scratch.Sums + (vector * _valueStride), length).CopyTo(output);
            RowArithmetic.Scale(output, scale);
        }
    }

    private int FirstSeen(int position) => _query.Window == 0 ? 0 : Math.Max(0, position - _query.Window + 1);

    private readonly record struct Item(int Sequence, int FirstRow, int RowCount);

    private readonly struct Scratch(float* values, float* keys, float* sums, float* scores, float* queries, float* maxima, float* totals)
    {
        public readonly float* Values = values;
        public readonly float* Keys = keys;
        public readonly float* Sums = sums;
        public readonly float* Scores = scores;
        public readonly float* Queries = queries;
        public readonly float* Maxima = maxima;
        public readonly float* Totals = totals;
    }
}

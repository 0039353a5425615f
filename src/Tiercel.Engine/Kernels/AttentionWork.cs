using System.Runtime.Intrinsics;
using Tiercel.Engine.Kernels.CodeGen;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Attention of the rows of a step over the blocks of their sequences. An item is one key/value head and a group of adjacent rows of one sequence: a block is
/// expanded to float32 once and serves every query head of the group. A row walks its blocks from the first it sees, in order, with an online softmax, in
/// segments of a fixed length whose sums are merged in order; what it computes depends on its position, its window and the cache alone (promise P2).
/// Where a step has too few items for its threads (a long context, one row) the segments of an item are shared by the threads, and merged
/// afterwards by the same operations.
/// </summary>
internal sealed unsafe class AttentionWork : TeamWork, IDisposable
{
    private const int Tokens = KvStorage.BlockSize;

    // Floats of sums of an item: enough query vectors to pay for expanding a block, few enough that the sums stay in the first-level cache.
    private const int TargetSums = 4096;

    // Blocks of a segment. It is part of the numerics: another number gives other last bits.
    private const int SegmentBlocks = 16;

    // Query vectors that an item may have when its segments are shared, which bounds the memory for their sums.
    private const int MaxSharedVectors = 16;

    // Room for the scores of a second block.
    private const int PairedScores = AttentionEmitter.MaxPairedVectors * Tokens;

    // Room for the totals of a query vector in lanes of the widest vectors.
    private const int TotalLanes = 16;

    private readonly ModelSpec _spec;
    private readonly int _groupSize;
    private readonly int _rowsPerItem;
    private readonly int _valueStride;
    private readonly AttentionKernel? _generated;
    private readonly FloatBuffer[] _scratch;
    private readonly List<Item> _items = [];
    private readonly List<Part> _parts = [];
    private readonly MergeWork _merge;
    private FloatBuffer _partSums = new(1, 0);
    private bool _isShared;
    private StepBatch _batch = new();
    private AttentionQuery _query;

    public AttentionWork(ModelSpec spec, int threadCount)
    {
        _spec = spec;
        _groupSize = spec.HeadsPerKvHead;
        _valueStride = (spec.ValueLength + Tokens - 1) / Tokens * Tokens;
        _rowsPerItem = Math.Max(1, TargetSums / _valueStride / _groupSize);
        _generated = AttentionKernel.Of(spec.KeyLength, spec.ValueLength);
        int vectors = VectorCount(_rowsPerItem);
        int floats = checked((vectors * (spec.KeyLength + Tokens + _valueStride + TotalLanes + 1)) + (2 * AttentionSums.FloatCount(vectors, _valueStride)) + (spec.KeyLength * Tokens) + (Tokens * _valueStride) + PairedScores);
        _merge = new MergeWork(this);
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
        _isShared = PlanParts(team.ThreadCount);
        if (_isShared)
        {
            team.Run(this, _parts.Count);
            team.Run(_merge, _items.Count * _spec.KvHeadCount);
        }
        else
        {
            team.Run(this, _items.Count * _spec.KvHeadCount);
        }
    }

    public override void Execute(int item, int thread)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Execute<FloatLanes512>(item, thread);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Execute<FloatLanes256>(item, thread);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Execute<FloatLanes128>(item, thread);
        }
        else
        {
            Execute<ScalarLane>(item, thread);
        }
    }

    public void Dispose()
    {
        foreach (FloatBuffer buffer in _scratch)
        {
            buffer.Dispose();
        }

        _partSums.Dispose();
    }

    private void Execute<T>(int item, int thread)
        where T : struct, IFloatLanes<T>
    {
        if (_isShared)
        {
            Part part = _parts[item];
            Item whole = _items[part.Item / _spec.KvHeadCount];
            AttendSegment<T>(whole, part.Item % _spec.KvHeadCount, part.Segment, Divide(thread, VectorCount(whole.RowCount)), PartSums(part, whole));
        }
        else
        {
            Attend<T>(_items[item / _spec.KvHeadCount], item % _spec.KvHeadCount, thread);
        }
    }

    /// <summary>Decides whether the segments of an item are shared by the threads, and lists them: whole items would leave threads idle.</summary>
    private bool PlanParts(int threadCount)
    {
        _parts.Clear();
        int whole = _items.Count * _spec.KvHeadCount;
        if (threadCount == 1 || whole >= 2 * threadCount)
        {
            return false;
        }

        long floats = 0;
        for (int index = 0; index < whole; index++)
        {
            Item item = _items[index / _spec.KvHeadCount];
            int vectors = VectorCount(item.RowCount);
            if (vectors > MaxSharedVectors)
            {
                return false;
            }

            (int first, int last) = Segments(item);
            for (int segment = first; segment <= last; segment++)
            {
                _parts.Add(new Part(index, segment, floats));
                floats += AttentionSums.FloatCount(vectors, _valueStride);
            }
        }

        if (_parts.Count == whole)
        {
            return false;
        }

        if (_partSums.Columns < floats)
        {
            // Contexts grow token by token: twice the need keeps this rare.
            _partSums.Dispose();
            _partSums = new FloatBuffer(1, checked((int)(2 * floats)));
        }

        return true;
    }

    private AttentionSums PartSums(Part part, Item item) => new(_partSums.All.Address + part.FirstFloat, VectorCount(item.RowCount), _valueStride);

    /// <summary>Segments that any row of an item sees.</summary>
    private (int First, int Last) Segments(Item item)
    {
        (int position, int lastSeen) = Range(item);
        return (FirstSeen(position) / Tokens / SegmentBlocks, lastSeen / Tokens / SegmentBlocks);
    }

    /// <summary>Position of an item's first row, and the last position that its last row sees.</summary>
    private (int Position, int LastSeen) Range(Item item)
    {
        StepSequence sequence = _batch.Sequences[item.Sequence];
        int position = sequence.Start + item.FirstRow - sequence.FirstRow;
        return (position, _spec.IsCausal ? position + item.RowCount - 1 : sequence.Start + sequence.RowCount - 1);
    }

    private int VectorCount(int rows) => ((rows * _groupSize) + AttentionTile.Vectors - 1) / AttentionTile.Vectors * AttentionTile.Vectors;

    private Scratch Divide(int thread, int vectors)
    {
        // Rows of the values and sums start on cache lines: they come first, and their strides are multiples of 32 floats.
        float* values = _scratch[thread].All.Address;
        float* keys = values + (Tokens * _valueStride);
        float* sums = keys + (_spec.KeyLength * Tokens);
        float* scores = sums + (vectors * _valueStride);
        float* totals = scores + (vectors * Tokens) + PairedScores;
        float* queries = totals + (vectors * TotalLanes);
        float* maxima = queries + (vectors * _spec.KeyLength);
        AttentionSums merged = new(maxima + vectors, vectors, _valueStride);
        AttentionSums part = new(maxima + vectors + AttentionSums.FloatCount(vectors, _valueStride), vectors, _valueStride);
        return new Scratch(values, keys, sums, scores, queries, maxima, totals, merged, part);
    }

    /// <summary>A whole item: its segments one after another.</summary>
    private void Attend<T>(Item item, int kvHead, int thread)
        where T : struct, IFloatLanes<T>
    {
        int vectors = VectorCount(item.RowCount);
        Scratch scratch = Divide(thread, vectors);
        (int first, int last) = Segments(item);
        AttendSegment<T>(item, kvHead, first, scratch, scratch.Merged);
        for (int segment = first + 1; segment <= last; segment++)
        {
            AttendSegment<T>(item, kvHead, segment, scratch, scratch.Part);
            for (int vector = 0; vector < item.RowCount * _groupSize; vector++)
            {
                scratch.Merged.Merge(scratch.Part, vector, _spec.ValueLength);
            }
        }

        StoreOutputs(item, kvHead, scratch.Merged);
    }

    /// <summary>The blocks of one segment.</summary>
    private void AttendSegment<T>(Item item, int kvHead, int segment, Scratch scratch, AttentionSums result)
        where T : struct, IFloatLanes<T>
    {
        StepSequence sequence = _batch.Sequences[item.Sequence];
        (int position, int lastSeen) = Range(item);
        int vectors = VectorCount(item.RowCount);
        LoadQueries(item, kvHead, position, vectors, scratch);
        int firstSeen = FirstSeen(position);
        int firstBlock = Math.Max(firstSeen / Tokens, segment * SegmentBlocks);
        int lastBlock = Math.Min(lastSeen / Tokens, ((segment + 1) * SegmentBlocks) - 1);
        KvLayout layout = _query.Cache.Layout;
        int used = item.RowCount * _groupSize;
        if (layout.Type == KvType.F16 && _generated is not null && used <= AttentionEmitter.MaxVectors)
        {
            AttendHalves<T>(sequence, kvHead, firstBlock, lastBlock, used, position, scratch);
        }
        else
        {
            // Many vectors: expanding once costs less than converting for each group of them.
            for (int block = firstBlock; block <= lastBlock; block++)
            {
                byte* keys = _query.Cache.GetHead(sequence.Blocks[block], _query.Layer, kvHead);
                int first = Math.Max(0, firstSeen - (block * Tokens));
                int last = Math.Min(Tokens - 1, lastSeen - (block * Tokens));
                KvRows.ExpandKeys(layout.Type, keys, layout.KeyLength, scratch.Keys);
                KvRows.ExpandValues(layout.Type, keys + layout.KeyBytes, layout.ValueLength, first, last - first + 1, scratch.Values, _valueStride);
                for (int vector = 0; vector < used;)
                {
                    int count = Math.Min(used - vector, _generated is null ? AttentionTile.Vectors : AttentionEmitter.MaxVectors);
                    Tile tile = new(vector, count, (byte*)scratch.Values, null, halves: false);
                    float* scores = scratch.Scores + (vector * Tokens);
                    Score<T>(scratch.Queries + (vector * _spec.KeyLength), count, (float*)scratch.Keys, scores);
                    Weigh<T>(scratch, tile, scores, block * Tokens, position, sequence.Start + sequence.RowCount - 1);
                    vector += count;
                }
            }
        }

        for (int vector = 0; vector < vectors; vector++)
        {
            result.Maxima[vector] = scratch.Maxima[vector];
            result.Totals[vector] = T.Load(in scratch.Totals[vector * TotalLanes], 0).Sum();
        }

        new ReadOnlySpan<float>(scratch.Sums, vectors * _valueStride).CopyTo(new Span<float>(result.Values, vectors * _valueStride));
    }

    /// <summary>Blocks in float16 for few vectors: generated code converts them as it loads them, and asks for the next ones meanwhile.</summary>
    private void AttendHalves<T>(StepSequence sequence, int kvHead, int firstBlock, int lastBlock, int vectors, int position, Scratch scratch)
        where T : struct, IFloatLanes<T>
    {
        int together = vectors <= AttentionEmitter.MaxPairedVectors ? 2 : 1;
        int keyBytes = _query.Cache.Layout.KeyBytes;
        int sequenceEnd = sequence.Start + sequence.RowCount - 1;
        byte* keys = Keys(sequence, firstBlock, kvHead);
        byte* secondKeys = Keys(sequence, Math.Min(firstBlock + 1, lastBlock), kvHead);
        for (int block = firstBlock; block <= lastBlock; block += together)
        {
            bool isPair = together == 2 && block < lastBlock;
            byte* next = Keys(sequence, Math.Min(block + together, lastBlock), kvHead);
            byte* secondNext = together == 1 ? next : Keys(sequence, Math.Min(block + 3, lastBlock), kvHead);
            if (isPair)
            {
                _generated!.ScorePair(vectors, halves: true, scratch.Queries, _spec.KeyLength, ((nint)keys, (nint)secondKeys), ((nint)next, (nint)secondNext), scratch.Scores);
            }
            else
            {
                _generated!.Score(vectors, halves: true, scratch.Queries, _spec.KeyLength, keys, next, scratch.Scores);
            }

            Weigh<T>(scratch, new Tile(0, vectors, keys + keyBytes, next + keyBytes, halves: true), scratch.Scores, block * Tokens, position, sequenceEnd);
            if (isPair)
            {
                Tile second = new(0, vectors, secondKeys + keyBytes, secondNext + keyBytes, halves: true);
                Weigh<T>(scratch, second, scratch.Scores + (vectors * Tokens), (block + 1) * Tokens, position, sequenceEnd);
            }

            keys = next;
            secondKeys = secondNext;
        }
    }

    private byte* Keys(StepSequence sequence, int block, int kvHead) => _query.Cache.GetHead(sequence.Blocks[block], _query.Layer, kvHead);

    private void Score<T>(float* queries, int count, float* keys, float* scores)
        where T : struct, IFloatLanes<T>
    {
        if (_generated is not null)
        {
            _generated.Score(count, halves: false, queries, _spec.KeyLength, (byte*)keys, null, scores);
        }
        else
        {
            AttentionTile.Score<T>(queries, _spec.KeyLength, keys, scores);
        }
    }

    /// <summary>Takes a block into the sums of some query vectors that have been scored.</summary>
    private void Weigh<T>(Scratch scratch, Tile tile, float* scores, int blockStart, int position, int sequenceEnd)
        where T : struct, IFloatLanes<T>
    {
        int vector = tile.FirstVector;
        int count = tile.VectorCount;
        float* sums = scratch.Sums + (vector * _valueStride);
        if (_spec.AttentionSoftCap > 0)
        {
            RowArithmetic.SoftCap(new Span<float>(scores, count * Tokens), _spec.AttentionSoftCap);
        }

        float* shrink = stackalloc float[AttentionEmitter.MaxVectors];
        int* firsts = stackalloc int[AttentionEmitter.MaxVectors];
        int* lasts = stackalloc int[AttentionEmitter.MaxVectors];
        bool same = true;
        for (int i = 0; i < count; i++)
        {
            int row = position + ((vector + i) / _groupSize);
            firsts[i] = Math.Max(0, FirstSeen(row) - blockStart);
            lasts[i] = Math.Min(Tokens - 1, (_spec.IsCausal ? row : sequenceEnd) - blockStart);
            same &= firsts[i] == firsts[0] && lasts[i] == lasts[0];
            shrink[i] = firsts[i] <= lasts[i]
                ? AttentionTile.Softmax<T>(scores + (i * Tokens), firsts[i], lasts[i], ref scratch.Maxima[vector + i], scratch.Totals + ((vector + i) * TotalLanes))
                : 1f;
        }

        if (same && firsts[0] <= lasts[0] && (_generated is not null || count == AttentionTile.Vectors))
        {
            Accumulate<T>(tile, count, scores, shrink, firsts[0], lasts[0], sums);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            if (firsts[i] <= lasts[i])
            {
                Accumulate<T>(tile, 1, scores + (i * Tokens), shrink + i, firsts[i], lasts[i], sums + (i * _valueStride));
            }
        }
    }

    /// <summary>Adds the values of tokens that all vectors see: one vector, four, or with generated code any number.</summary>
    private void Accumulate<T>(Tile tile, int count, float* weights, float* shrink, int first, int last, float* sums)
        where T : struct, IFloatLanes<T>
    {
        if (_generated is not null)
        {
            nint start = (nint)first * _spec.ValueLength * (tile.Halves ? sizeof(ushort) : sizeof(float));
            _generated.Accumulate(count, tile.Halves, weights + first, shrink, tile.Values + start, tile.Next + start, last - first + 1, sums);
        }
        else if (count == 1)
        {
            AttentionTile.Accumulate1<T>(weights, *shrink, (float*)tile.Values, first, last, sums, _valueStride);
        }
        else
        {
            AttentionTile.Accumulate4<T>(weights, shrink, (float*)tile.Values, first, last, sums, _valueStride);
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

    private void StoreOutputs(Item item, int kvHead, AttentionSums sums)
    {
        int length = _spec.ValueLength;
        for (int vector = 0; vector < item.RowCount * _groupSize; vector++)
        {
            int head = (kvHead * _groupSize) + (vector % _groupSize);
            float maximum = sums.Maxima[vector];
            float total = sums.Totals[vector];
            float scale = 1 / total;
            if (_query.Sinks.Length > 0)
            {
                float sink = _query.Sinks[head];
                float larger = MathF.Max(maximum, sink);
                float shrink = MathF.Exp(maximum - larger);
                scale = shrink / ((total * shrink) + MathF.Exp(sink - larger));
            }

            Span<float> output = _query.Outputs[item.FirstRow + (vector / _groupSize)].Slice(head * length, length);
            new ReadOnlySpan<float>(sums.Values + ((long)vector * _valueStride), length).CopyTo(output);
            RowArithmetic.Scale(output, scale);
        }
    }

    private int FirstSeen(int position) => _query.Window == 0 ? 0 : Math.Max(0, position - _query.Window + 1);

    private readonly record struct Item(int Sequence, int FirstRow, int RowCount);

    /// <summary>Query vectors of an item, and values of a block for them: float16 as they lie in the cache, or expanded.</summary>
    private readonly struct Tile(int firstVector, int vectorCount, byte* values, byte* next, bool halves)
    {
        public readonly int FirstVector = firstVector;
        public readonly int VectorCount = vectorCount;
        public readonly byte* Values = values;
        public readonly byte* Next = next;
        public readonly bool Halves = halves;
    }

    /// <summary>A segment of a whole item (an item for one key/value head), and where its sums are.</summary>
    private readonly record struct Part(int Item, int Segment, long FirstFloat);

    /// <summary>Merges the segments of whole items in order, as <see cref="Attend"/> does.</summary>
    private sealed class MergeWork(AttentionWork owner) : TeamWork
    {
        public override void Execute(int item, int thread)
        {
            Item whole = owner._items[item / owner._spec.KvHeadCount];
            AttentionSums merged = default;
            bool isFirst = true;
            foreach (Part part in owner._parts)
            {
                if (part.Item != item)
                {
                    continue;
                }

                AttentionSums sums = owner.PartSums(part, whole);
                for (int vector = 0; !isFirst && vector < whole.RowCount * owner._groupSize; vector++)
                {
                    merged.Merge(sums, vector, owner._spec.ValueLength);
                }

                merged = isFirst ? sums : merged;
                isFirst = false;
            }

            owner.StoreOutputs(whole, item % owner._spec.KvHeadCount, merged);
        }
    }

    private readonly struct Scratch(float* values, float* keys, float* sums, float* scores, float* queries, float* maxima, float* totals, AttentionSums merged, AttentionSums part)
    {
        public readonly float* Values = values;
        public readonly float* Keys = keys;
        public readonly float* Sums = sums;
        public readonly float* Scores = scores;
        public readonly float* Queries = queries;
        public readonly float* Maxima = maxima;
        public readonly float* Totals = totals;
        public readonly AttentionSums Merged = merged;
        public readonly AttentionSums Part = part;
    }
}

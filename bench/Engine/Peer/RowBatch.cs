using System.Runtime.InteropServices;

namespace Tiercel.Bench.Engine.Peer;

/// <summary>A batch of rows for the peer, filled and run again and again.</summary>
internal sealed unsafe class RowBatch : IDisposable
{
    private readonly int _capacity;
    private LlamaBatch _batch;

    public RowBatch(int capacity)
    {
        _capacity = capacity;
        _batch = new LlamaBatch
        {
            Tokens = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int)),
            Positions = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int)),
            SequenceCounts = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int)),
            Sequences = (int**)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(int*)),
            Outputs = (byte*)NativeMemory.Alloc((nuint)capacity),
        };
        int* sequences = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int));
        for (int i = 0; i < capacity; i++)
        {
            _batch.SequenceCounts[i] = 1;
            _batch.Sequences[i] = sequences + i;
        }
    }

    public int Count => _batch.Count;

    public bool IsFull => _batch.Count == _capacity;

    public void Clear() => _batch.Count = 0;

    /// <summary>Adds a row and returns its number.</summary>
    public int Add(int token, int position, int sequence, bool wanted)
    {
        int row = _batch.Count++;
        _batch.Tokens[row] = token;
        _batch.Positions[row] = position;
        *_batch.Sequences[row] = sequence;
        _batch.Outputs[row] = wanted ? (byte)1 : (byte)0;
        return row;
    }

    /// <exception cref="InvalidOperationException">The peer refused.</exception>
    public void Run(nint context)
    {
        int result = LlamaLibrary.Decode(context, _batch);
        if (result != 0)
        {
            throw new InvalidOperationException($"llama_decode gave {result} for {_batch.Count} rows");
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_batch.Tokens);
        NativeMemory.Free(_batch.Positions);
        NativeMemory.Free(_batch.SequenceCounts);
        NativeMemory.Free(_batch.Sequences[0]);
        NativeMemory.Free(_batch.Sequences);
        NativeMemory.Free(_batch.Outputs);
    }
}

using System.Runtime.InteropServices;

namespace Tiercel.Bench.Engine.Peer;

/// <summary><c>llama_batch</c> of v0.5.0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public byte* Outputs;
}

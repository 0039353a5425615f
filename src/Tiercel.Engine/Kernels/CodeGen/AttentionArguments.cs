using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>What a generated kernel of attention works on; its code knows the offsets of the fields.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AttentionArguments
{
    /// <summary>Query vectors, or weights of tokens: [vectors, ...] float32.</summary>
    public float* Factors;

    /// <summary>Keys [length][32 tokens], or values [tokens][length].</summary>
    public byte* Cache;

    /// <summary>Scores [blocks][vectors][32 tokens], or sums [vectors][stride].</summary>
    public float* Result;

    /// <summary>Factors by which sums shrink first, one a vector.</summary>
    public float* Shrink;

    /// <summary>Elements of a key, or tokens; at least 1.</summary>
    public long Count;

    /// <summary>Keys of a second block, for kernels of two.</summary>
    public byte* SecondCache;

    /// <summary>What will be read next in the place of <see cref="Cache"/>, for kernels of float16, which ask for it: any address, also one that is not mapped.</summary>
    public byte* Next;

    /// <summary>What will be read next in the place of <see cref="SecondCache"/>.</summary>
    public byte* SecondNext;
}

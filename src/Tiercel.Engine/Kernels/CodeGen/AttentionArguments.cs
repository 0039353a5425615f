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

    /// <summary>Scores [vectors][32 tokens], or sums [vectors][stride].</summary>
    public float* Result;

    /// <summary>Factors by which sums shrink first, one a vector.</summary>
    public float* Shrink;

    /// <summary>Elements of a key, or tokens; at least 1.</summary>
    public long Count;
}

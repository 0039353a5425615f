using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>What a generated kernel works on; its code knows the offsets of the fields.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VnniArguments
{
    /// <summary>A byte per code, 512 per block as in <see cref="ByteQuants{TCodes}"/>.</summary>
    public byte* Codes;

    /// <summary>64 floats per block, as <see cref="ITileScales.Expand"/> writes them.</summary>
    public float* Scales;

    /// <summary>The first row's record of the first block.</summary>
    public ActivationRecord* Records;

    /// <summary>[rows, 16]: added to.</summary>
    public float* Sums;

    /// <summary>Blocks, at least 1.</summary>
    public long Blocks;

    /// <summary>Bytes from a block's records to those of the next.</summary>
    public long RecordStride;

    /// <summary>Minus the code that stands for zero.</summary>
    public int MinusZero;
}

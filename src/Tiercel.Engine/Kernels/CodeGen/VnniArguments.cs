using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>What a generated kernel works on; its code knows the offsets of the fields.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VnniArguments
{
    /// <summary>For kernels of unpacked codes a byte per code, 512 per block as in <see cref="ByteQuants{TCodes}"/>; for the others the tile.</summary>
    public byte* Codes;

    /// <summary>For kernels of unpacked codes 64 floats per block, as <see cref="ITileScales.Expand"/> writes them; for the others the scales of the tile.</summary>
    public byte* Scales;

    /// <summary>The first row's record of the first block.</summary>
    public ActivationRecord* Records;

    /// <summary>[rows, 16]: added to.</summary>
    public float* Sums;

    /// <summary>Blocks, at least 1.</summary>
    public long Blocks;

    /// <summary>Bytes from a block's records to those of the next.</summary>
    public long RecordStride;

    /// <summary>Room for <see cref="SavedVectors"/> vectors, where the calling convention wants them kept.</summary>
    public byte* Saved;

    /// <summary>2 to the power of minus the bits by which codes are moved up.</summary>
    public float ScaleFactor;

    /// <summary>Where the bits of the first plane are in a moved code, four times.</summary>
    public uint LowMask;

    /// <summary>Where those of the second plane are.</summary>
    public uint HighMask;

    public const int SavedVectors = 10;
}

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>What a tile kernel works on: one tile of 16 outputs and up to <see cref="MaxRows"/> rows. All memory is the caller's.</summary>
internal unsafe struct TileArguments
{
    /// <summary>Rows a kernel is given at once; their sums fill 4 KiB.</summary>
    public const int MaxRows = 64;

    /// <summary>The stored elements of the tile.</summary>
    public byte* Weights;

    /// <summary>The scales of the tile; quantised weights only.</summary>
    public byte* Scales;

    /// <summary>Bytes of the tile per block of 32 elements, codes and scales together.</summary>
    public int BytesPerBlock;

    /// <summary>Elements in a row.</summary>
    public int Inputs;

    /// <summary>Rows in this call.</summary>
    public int Rows;

    /// <summary>[rows, 16] float32 on a cache line: set to the result.</summary>
    public float* Sums;

    /// <summary>The first row's record of block 0; records are [block, row].</summary>
    public ActivationRecord* Records;

    /// <summary>The first row's widened quads of block 0, 32 int16 per record; only kernels that ask for them get them.</summary>
    public short* Wide;

    /// <summary>Records from one block to the next.</summary>
    public nint RecordStride;

    /// <summary>The first row in float32; float weights only.</summary>
    public float* Floats;

    /// <summary>Floats from row to row.</summary>
    public nint FloatStride;
}

using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels;

/// <summary>A weight matrix W [outputs, inputs], repacked at load into tiles of 16 outputs for the instruction set of this machine.</summary>
public sealed unsafe class WeightMatrix : IDisposable
{
    private byte* _tiles;
    private WeightStore? _owned;

    /// <param name="tiles">Memory for all tiles, of which somebody else disposes.</param>
    internal WeightMatrix(TileKind kind, int outputs, int inputs, byte* tiles)
    {
        Kind = kind;
        Outputs = outputs;
        Inputs = inputs;
        TileCount = TilesOf(outputs);
        TileBytes = kind.TileBytes(inputs);
        ByteCount = checked(TileCount * TileBytes);
        _tiles = tiles;
    }

    public int Outputs { get; }

    public int Inputs { get; }

    /// <summary>Bytes of native memory held.</summary>
    public long ByteCount { get; }

    internal TileKind Kind { get; }

    internal int TileCount { get; }

    internal long TileBytes { get; }

    /// <summary>Repacks a tensor into memory of its own; those of a model have theirs together (<see cref="WeightStore"/>).</summary>
    /// <param name="type">Type of the stored elements.</param>
    /// <param name="data">Row-major [outputs, inputs] as in GGUF; read during the call only.</param>
    /// <param name="outputs">Rows of the stored matrix.</param>
    /// <param name="inputs">Columns; whole blocks of the type.</param>
    /// <param name="precision">Whether to expand.</param>
    /// <param name="team">Repacking is shared by its threads.</param>
    /// <exception cref="ModelFormatException">The type is not supported.</exception>
    public static WeightMatrix Load(TensorType type, nint data, int outputs, int inputs, WeightPrecision precision, ThreadTeam team)
    {
        WeightStore store = WeightStore.Load([new StoredTensor(type, data, outputs, inputs)], precision, team);
        WeightMatrix matrix = store.Matrices[0];
        matrix._owned = store;
        return matrix;
    }

    /// <summary>Bytes that a matrix will take once it is repacked: what it has in the file, and a last tile filled up.</summary>
    /// <exception cref="ModelFormatException">The type is not supported.</exception>
    public static long PackedBytes(TensorType type, long outputs, int inputs, WeightPrecision precision)
    {
        TileKind kind = TileKind.Of(precision == WeightPrecision.Float32 ? TensorType.F32 : type);
        return checked((outputs + TileKind.Outputs - 1) / TileKind.Outputs * kind.TileBytes(inputs));
    }

    /// <summary>Makes ready what the first product with a matrix of a type would otherwise wait for: the generated kernels and their self-check.</summary>
    internal static void PrepareKernels(TensorType type) => _ = TileKind.Of(type).PackedKernel;

    internal static int TilesOf(int outputs) => (outputs + TileKind.Outputs - 1) / TileKind.Outputs;

    public void Dispose()
    {
        _tiles = null;
        _owned?.Dispose();
        _owned = null;
    }

    /// <summary>Its memory is about to be given back.</summary>
    internal void Forget() => _tiles = null;

    /// <summary>First byte of a tile.</summary>
    internal byte* Tile(int tile)
    {
        ObjectDisposedException.ThrowIf(_tiles is null, this);
        return _tiles + (tile * TileBytes);
    }
}

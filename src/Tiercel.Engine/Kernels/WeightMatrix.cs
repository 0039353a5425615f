using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels;

/// <summary>A weight matrix W [outputs, inputs], repacked at load into tiles of 16 outputs for the instruction set of this machine.</summary>
public sealed unsafe class WeightMatrix : IDisposable
{
    private byte* _tiles;

    private WeightMatrix(TileKind kind, int outputs, int inputs)
    {
        Kind = kind;
        Outputs = outputs;
        Inputs = inputs;
        TileCount = (outputs + TileKind.Outputs - 1) / TileKind.Outputs;
        TileBytes = kind.TileBytes(inputs);
        ByteCount = checked(TileCount * TileBytes);
        _tiles = LargePages.Allocate((nuint)ByteCount);
    }

    public int Outputs { get; }

    public int Inputs { get; }

    /// <summary>Bytes of native memory held.</summary>
    public long ByteCount { get; }

    internal TileKind Kind { get; }

    internal int TileCount { get; }

    internal long TileBytes { get; }

    /// <summary>Repacks a tensor.</summary>
    /// <param name="type">Type of the stored elements.</param>
    /// <param name="data">Row-major [outputs, inputs] as in GGUF; read during the call only.</param>
    /// <param name="outputs">Rows of the stored matrix.</param>
    /// <param name="inputs">Columns; whole blocks of the type.</param>
    /// <param name="precision">Whether to expand.</param>
    /// <param name="team">Repacking is shared by its threads.</param>
    /// <exception cref="ModelFormatException">The type is not supported.</exception>
    public static WeightMatrix Load(TensorType type, nint data, int outputs, int inputs, WeightPrecision precision, ThreadTeam team)
    {
        ArgumentNullException.ThrowIfNull(team);
        ArgumentOutOfRangeException.ThrowIfZero(data);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        TensorLayout layout = TensorLayout.Of(type);
        if (inputs % layout.BlockElements != 0)
        {
            throw new ArgumentException($"{inputs} inputs are not whole blocks of {layout.BlockElements} ({type})", nameof(inputs));
        }

        bool expand = precision == WeightPrecision.Float32 || (type == TensorType.F16 && !AllFinite((ushort*)data, (long)outputs * inputs));
        WeightMatrix matrix = new(TileKind.Of(expand ? TensorType.F32 : type), outputs, inputs);
        try
        {
            team.Run(new TilePacker(matrix.Kind, type, (byte*)data, outputs, inputs, matrix._tiles), matrix.TileCount);
            return matrix;
        }
        catch
        {
            matrix.Dispose();
            throw;
        }
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

    public void Dispose()
    {
        NativeMemory.AlignedFree(_tiles);
        _tiles = null;
    }

    /// <summary>Whether no float16 is infinite or NaN, which the kernels for float16 do not read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AllFinite(ushort* values, long count)
    {
        const ushort Exponent = 0x7c00;
        Vector256<ushort> special = Vector256<ushort>.Zero;
        Vector256<ushort> exponent = Vector256.Create(Exponent);
        long i = 0;
        for (; i <= count - 16; i += 16)
        {
            special |= Vector256.Equals(Vector256.Load(values + i) & exponent, exponent);
        }

        bool finite = special == Vector256<ushort>.Zero;
        for (; i < count; i++)
        {
            finite &= (values[i] & Exponent) != Exponent;
        }

        return finite;
    }

    /// <summary>First byte of a tile.</summary>
    internal byte* Tile(int tile)
    {
        ObjectDisposedException.ThrowIf(_tiles is null, this);
        return _tiles + (tile * TileBytes);
    }
}

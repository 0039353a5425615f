using System.Runtime.InteropServices;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels;

/// <summary>A weight matrix W [outputs, inputs], repacked at load for the instruction set of this machine.</summary>
public sealed unsafe class WeightMatrix : IDisposable
{
    private float* _address;

    private WeightMatrix(int outputs, int inputs)
    {
        Outputs = outputs;
        Inputs = inputs;
        ByteCount = checked((long)outputs * inputs * sizeof(float));
        _address = (float*)NativeMemory.AlignedAlloc((nuint)ByteCount, 64);
    }

    public int Outputs { get; }

    public int Inputs { get; }

    /// <summary>Bytes of native memory held.</summary>
    public long ByteCount { get; }

    /// <summary>Repacks a tensor.</summary>
    /// <param name="type">Type of the stored elements.</param>
    /// <param name="data">Row-major [outputs, inputs] as in GGUF; read during the call only.</param>
    /// <param name="outputs">Rows of the stored matrix.</param>
    /// <param name="inputs">Columns; whole blocks of the type.</param>
    /// <param name="precision">Whether to expand.</param>
    /// <param name="team">Repacking is shared by its threads.</param>
    public static WeightMatrix Load(TensorType type, nint data, int outputs, int inputs, WeightPrecision precision, ThreadTeam team)
    {
        ArgumentNullException.ThrowIfNull(team);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        TensorLayout layout = TensorLayout.Of(type);
        if (data == 0 || inputs % layout.BlockElements != 0)
        {
            throw new ArgumentException($"{inputs} inputs are not whole blocks of {layout.BlockElements} ({type})", nameof(inputs));
        }

        WeightMatrix matrix = new(outputs, inputs);
        int rowBytes = checked((int)layout.RowBytes(inputs));
        for (int row = 0; row < outputs; row++)
        {
            ReadOnlySpan<byte> source = new((byte*)data + ((long)row * rowBytes), rowBytes);
            Dequantizer.DequantizeRow(type, source, new Span<float>(matrix.Row(row), inputs));
        }

        return matrix;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_address);
        _address = null;
    }

    internal float* Row(int output) => _address + ((long)output * Inputs);
}

using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels;

/// <summary>A weight matrix W [outputs, inputs], repacked at load for the instruction set of this machine.</summary>
public sealed class WeightMatrix : IDisposable
{
    private WeightMatrix(int outputs, int inputs)
    {
        Outputs = outputs;
        Inputs = inputs;
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
        => throw new NotImplementedException();

    public void Dispose()
    {
    }
}

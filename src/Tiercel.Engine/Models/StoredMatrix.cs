using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>A matrix of the file that has been checked; its weights are repacked only when the whole file has been.</summary>
internal sealed class StoredMatrix(TensorType type, nint address, int outputs, int inputs) : IDisposable
{
    private WeightMatrix? _matrix;

    public int Outputs => outputs;

    /// <summary>Bytes of native memory held.</summary>
    public long ByteCount => _matrix?.ByteCount ?? 0;

    public WeightMatrix Matrix => _matrix ?? throw new InvalidOperationException("the matrix has not been loaded");

    public void Load(WeightPrecision precision, ThreadTeam team) => _matrix = WeightMatrix.Load(type, address, outputs, inputs, precision, team);

    public void Dispose()
    {
        _matrix?.Dispose();
        _matrix = null;
    }
}

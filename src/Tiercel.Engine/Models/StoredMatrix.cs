using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>A matrix of the file that has been checked; its weights are repacked only when the whole file has been.</summary>
internal sealed class StoredMatrix(StoredTensor tensor)
{
    private WeightMatrix? _matrix;

    public StoredTensor Tensor => tensor;

    public int Outputs => tensor.Outputs;

    /// <summary>Set once, when the weights have been repacked.</summary>
    public WeightMatrix Matrix
    {
        get => _matrix ?? throw new InvalidOperationException("the matrix has not been loaded");
        set => _matrix = value;
    }
}

namespace Tiercel.Engine.Kernels;

/// <summary>One matrix of a projection and where its result goes.</summary>
/// <param name="weights">W [outputs, inputs].</param>
/// <param name="output">Y [rows, outputs], <paramref name="outputStride"/> floats from row to row.</param>
public readonly unsafe struct ProjectionTarget(WeightMatrix weights, float* output, int outputStride)
{
    public readonly WeightMatrix Weights = weights;

    public readonly float* Output = output;

    public readonly int OutputStride = outputStride;
}

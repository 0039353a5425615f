using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>The weights of one norm over rows of a fixed length.</summary>
internal sealed class NormWeights(NormKind kind, float epsilon, float[] weight, float[] bias)
{
    public static NormWeights Load(TensorSource source, ModelSpec spec, string name, int length) => new(
        spec.Norm,
        spec.NormEpsilon,
        source.Vector($"{name}.weight", length),
        spec.Norm == NormKind.Layer ? source.Vector($"{name}.bias", length) : []);

    /// <summary>Normalises a row; in place is allowed.</summary>
    public void Apply(ReadOnlySpan<float> row, Span<float> destination)
    {
        if (kind == NormKind.Layer)
        {
            RowNorm.Layer(row, weight, bias, epsilon, destination);
        }
        else
        {
            RowNorm.RootMeanSquare(row, weight, epsilon, destination);
        }
    }
}

namespace Tiercel.Engine.Models;

internal enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + ε) * weight.</summary>
    RootMeanSquare,

    /// <summary>(x - mean) / sqrt(variance + ε) * weight + bias.</summary>
    Layer,
}

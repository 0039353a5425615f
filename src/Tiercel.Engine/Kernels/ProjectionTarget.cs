namespace Tiercel.Engine.Kernels;

/// <summary>One matrix of a projection and where its result goes.</summary>
/// <param name="Weights">W [outputs, inputs].</param>
/// <param name="Output">Y [rows, outputs].</param>
public readonly record struct ProjectionTarget(WeightMatrix Weights, FloatRows Output);

namespace Tiercel.Engine;

/// <summary>An embedding of unit length, or the reason why there is none.</summary>
/// <param name="Vector">[embedding length], Euclidean length 1; null when refused.</param>
/// <param name="Error">Set when refused.</param>
public readonly record struct EmbeddingResult(float[]? Vector, EngineError? Error);

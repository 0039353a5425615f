namespace Tiercel.Engine.Sampling;

/// <summary>
/// The logits cannot be sampled from: one is not a number or positive infinity, or none is possible. Negative infinity marks an impossible
/// token and is legal. The engine ends the choice with <see cref="FinishReason.Error"/>.
/// </summary>
public sealed class InvalidLogitsException(string message) : Exception(message);

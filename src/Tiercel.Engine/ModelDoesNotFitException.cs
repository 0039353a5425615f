namespace Tiercel.Engine;

/// <summary>A model that cannot be loaded into the memory there is; the message carries the arithmetic.</summary>
public sealed class ModelDoesNotFitException(string message) : Exception(message);

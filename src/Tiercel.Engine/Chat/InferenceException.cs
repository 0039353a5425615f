namespace Tiercel.Engine.Chat;

/// <summary>An <see cref="EngineError"/> where an interface of others leaves only an exception to report it.</summary>
public sealed class InferenceException(EngineError error) : Exception(error.Message)
{
    public EngineError Error { get; } = error;
}

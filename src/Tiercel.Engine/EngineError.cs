namespace Tiercel.Engine;

/// <summary>A refusal or failure as a value.</summary>
/// <param name="Kind">Who is to blame, and whether a retry helps.</param>
/// <param name="Message">One sentence for the caller of the API.</param>
/// <param name="Parameter">The request field that was wrong, in the engine's name for it, or null.</param>
public sealed record EngineError(EngineErrorKind Kind, string Message, string? Parameter = null);

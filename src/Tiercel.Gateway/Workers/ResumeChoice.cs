namespace Tiercel.Gateway.Workers;

/// <summary>How far a choice of a stream had come.</summary>
/// <param name="HasBegun">Whether its first chunk (the role, the echoed prompt) was sent; null where the gateway does not say.</param>
internal sealed record ResumeChoice(IReadOnlyList<int> Tokens, bool IsFinished, bool? HasBegun);

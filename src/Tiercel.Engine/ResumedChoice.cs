namespace Tiercel.Engine;

/// <summary>How far a choice had come when its request moved here.</summary>
/// <param name="Tokens">All tokens of the choice that the events sent so far have covered (<see cref="GenerationEvent.CoveredTokens"/>), in order.</param>
/// <param name="IsFinished">Whether its last event was sent too. Such a choice sends nothing more; its tokens are still counted.</param>
public sealed record ResumedChoice(IReadOnlyList<int> Tokens, bool IsFinished);

namespace Tiercel.Protocols.Writing;

/// <summary>How the prompts of a text completion are repeated in its choices.</summary>
/// <param name="Texts">The text of each prompt.</param>
/// <param name="Prompts">The tokens of each.</param>
public sealed record CompletionEcho(IReadOnlyList<string> Texts, IReadOnlyList<IReadOnlyList<int>> Prompts);

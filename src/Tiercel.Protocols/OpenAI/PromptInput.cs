namespace Tiercel.Protocols.OpenAI;

/// <summary>A prompt as text or as token ids; exactly one of the two is set.</summary>
public readonly record struct PromptInput(string? Text, IReadOnlyList<int>? Tokens);

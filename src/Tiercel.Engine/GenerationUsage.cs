namespace Tiercel.Engine;

/// <summary>What a request used, in tokens.</summary>
/// <param name="PromptTokens">Tokens of the prompt, counted once however many choices there are.</param>
/// <param name="CachedTokens">How many of them came from the prefix cache.</param>
/// <param name="OutputTokens">Generated tokens of all choices, end tokens included.</param>
public readonly record struct GenerationUsage(int PromptTokens, int CachedTokens, int OutputTokens);

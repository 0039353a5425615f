namespace Tiercel.Gateway.Upstreams;

/// <summary>Tokens of a request as an upstream counts them.</summary>
/// <param name="Prompt">Tokens of the prompt, cached ones included.</param>
/// <param name="Cached">Prompt tokens that were in the engine's cache.</param>
/// <param name="Completion">Tokens generated.</param>
internal readonly record struct TokenUsage(int Prompt, int Cached, int Completion);

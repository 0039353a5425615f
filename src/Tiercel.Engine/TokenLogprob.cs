namespace Tiercel.Engine;

/// <summary>A token with the natural logarithm of its probability.</summary>
public readonly record struct TokenLogprob(int Token, float Logprob);

namespace Tiercel.Engine;

/// <summary>A token of the output (or, for prompt log probabilities, of the prompt) as the sampler saw it.</summary>
/// <param name="Token">The token id.</param>
/// <param name="Logprob">Its log probability, or null where none was asked for (and for the first token of a prompt).</param>
/// <param name="Alternatives">The likeliest tokens at this place, likeliest first; empty where none were asked for.</param>
public readonly record struct GeneratedToken(int Token, float? Logprob, IReadOnlyList<TokenLogprob> Alternatives);

namespace Tiercel.Gateway.Routing;

/// <summary>How an attempt on a replica ended, and what its usage said, where it said something.</summary>
/// <param name="Served">The answer came to its end; false for failures and cancellations.</param>
internal readonly record struct RouteEnd(bool Served, int? PromptTokens = null, int? CachedTokens = null, int? CompletionTokens = null);

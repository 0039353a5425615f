namespace Tiercel.Gateway.Configuration;

/// <summary>Where requests for a model go.</summary>
/// <param name="Pool">Name of the pool.</param>
/// <param name="Class">Name of the class of service of requests that come with none of their own; null for no objective.</param>
public sealed record RouteSettings(string Pool, string? Class = null);

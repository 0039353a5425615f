namespace Tiercel.Gateway.Routing;

/// <summary>Where a request goes.</summary>
/// <param name="Serve">Index of the candidate that answers.</param>
/// <param name="Reason">What decided, for people.</param>
/// <param name="Prefill">Index of the candidate that computes the prompt, when that is another one; no policy plans this yet.</param>
internal readonly record struct RoutePlan(int Serve, string Reason, int? Prefill = null);

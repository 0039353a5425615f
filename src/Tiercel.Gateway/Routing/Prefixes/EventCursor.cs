namespace Tiercel.Gateway.Routing;

/// <summary>Up to where a worker's events are known; what to ask it for next.</summary>
/// <param name="Generation">Null when nothing is known.</param>
/// <param name="Sequence">Number of the last event applied.</param>
internal readonly record struct EventCursor(string? Generation, long Sequence);

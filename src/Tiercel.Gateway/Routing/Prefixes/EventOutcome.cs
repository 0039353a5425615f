namespace Tiercel.Gateway.Routing;

/// <summary>What became of an event.</summary>
internal enum EventOutcome
{
    Applied,

    /// <summary>Seen before, or from a start of the worker that is over: ignored, and nothing to do.</summary>
    Stale,

    /// <summary>Something before it is missing: it was not applied, and the stream must be asked for again from <see cref="EventCursor"/>.</summary>
    Gap,

    /// <summary>It breaks the rules of the stream (a snapshot within a snapshot, a number below 1): ask again from the beginning.</summary>
    Invalid,
}

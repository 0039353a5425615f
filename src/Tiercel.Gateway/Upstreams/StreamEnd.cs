namespace Tiercel.Gateway.Upstreams;

/// <summary>How a stream of an upstream ended. Only <see cref="Complete"/> is a normal end.</summary>
internal enum StreamEnd
{
    /// <summary>Every choice has its finish reason, and <c>[DONE]</c> came.</summary>
    Complete,

    /// <summary>The stream ended, or said <c>[DONE]</c>, while a choice had no finish reason.</summary>
    CutBeforeFinish,

    /// <summary>Every choice has its finish reason, but <c>[DONE]</c> is missing: no text is lost, usage may be.</summary>
    CutAfterFinish,

    ErrorEvent,

    /// <summary>An event that is not JSON.</summary>
    Malformed,

    /// <summary>An event larger than it may be.</summary>
    TooLong,
}

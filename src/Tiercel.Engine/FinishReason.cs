namespace Tiercel.Engine;

/// <summary>How one choice of a request ended. Every choice ends exactly once.</summary>
public enum FinishReason
{
    /// <summary>An end token, a stop token or a stop string.</summary>
    Stop,

    /// <summary>The token limit of the request, or the end of the context.</summary>
    Length,

    /// <summary>The caller cancelled.</summary>
    Cancelled,

    /// <summary>The engine failed; see the event's error.</summary>
    Error,
}

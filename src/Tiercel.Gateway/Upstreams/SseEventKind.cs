namespace Tiercel.Gateway.Upstreams;

/// <summary>What an event of a stream is about.</summary>
internal enum SseEventKind
{
    /// <summary>Comments only (pings), or nothing.</summary>
    Comment,

    /// <summary>A chunk that carries text or tool calls.</summary>
    Content,

    /// <summary>A chunk with a finish reason; it may carry text too.</summary>
    Finish,

    /// <summary>A chunk with usage and no choices: what <c>include_usage</c> adds.</summary>
    Usage,

    /// <summary>An error object inside the stream.</summary>
    Error,

    /// <summary><c>[DONE]</c>.</summary>
    Done,

    /// <summary>A JSON object without any of these (the role at the beginning, say); forwarded as it is.</summary>
    Other,

    /// <summary>Anything after <c>[DONE]</c>; not for the client.</summary>
    AfterDone,

    /// <summary>Neither JSON nor <c>[DONE]</c>, or longer than a line may be. The stream is broken here: nothing more is read.</summary>
    Broken,
}

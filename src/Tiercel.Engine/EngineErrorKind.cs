namespace Tiercel.Engine;

/// <summary>Why the engine refused or ended a request; the protocol layer maps each to a status, an error code and a retry class.</summary>
public enum EngineErrorKind
{
    /// <summary>A value of the request is out of range or contradicts another; the message names it.</summary>
    InvalidRequest,

    /// <summary>The prompt leaves no room for one token in the context.</summary>
    ContextLengthExceeded,

    /// <summary>The bounded queue is full; a retry may help.</summary>
    QueueFull,

    /// <summary>The engine is draining and takes no new requests.</summary>
    Draining,

    /// <summary>The model cannot do what was asked (embeddings from a model without a hidden state, say).</summary>
    NotSupported,

    /// <summary>The engine failed; the request did nothing wrong.</summary>
    Internal,
}

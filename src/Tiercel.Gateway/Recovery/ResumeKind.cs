namespace Tiercel.Gateway.Recovery;

/// <summary>How a stream goes on.</summary>
internal enum ResumeKind
{
    /// <summary>Nothing has reached the client: send the original request again.</summary>
    RetryFromStart,

    /// <summary>Continue at the exact token on a worker of the same numerics id; the client's bytes are those of an undisturbed run.</summary>
    ResumeExactly,

    /// <summary>Continue at the exact token on a worker of another numerics id; the stream says so.</summary>
    ResumeMarked,

    /// <summary>Ask a foreign engine to continue the assistant's partial message.</summary>
    ContinueMessage,

    /// <summary>All choices had ended; only the usage chunk or <c>[DONE]</c> is missing, and the gateway writes them.</summary>
    FinishNow,

    /// <summary>End with an error event.</summary>
    Fail,
}

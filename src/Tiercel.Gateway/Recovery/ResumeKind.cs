namespace Tiercel.Gateway.Recovery;

/// <summary>How a stream goes on.</summary>
internal enum ResumeKind
{
    /// <summary>Nothing but pings has reached the client: send the original request again.</summary>
    RetryFromStart,

    /// <summary>Continue at the exact token on a worker of the same numerics id; the client's bytes are those of an undisturbed run.</summary>
    ResumeExactly,

    /// <summary>Continue at the exact token on a worker of another numerics id; the stream says so.</summary>
    ResumeMarked,

    /// <summary>Ask a foreign engine to continue the assistant's partial message.</summary>
    ContinueMessage,

    /// <summary>
    /// Nothing is left to generate; the gateway writes what is missing: the usage chunk, <c>[DONE]</c>, and <c>finish_reason</c> <c>length</c> for a choice of
    /// a foreign engine that had all its tokens but not yet said so.
    /// </summary>
    FinishNow,

    /// <summary>Nobody can go on with it now, but somebody may be back soon: ask again after <see cref="ResumePlan.Delay"/>.</summary>
    Wait,

    /// <summary>End with an error event.</summary>
    Fail,
}

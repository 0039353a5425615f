using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>How one attempt at one upstream ended.</summary>
/// <param name="Outcome">As health counts it.</param>
/// <param name="Failure">Why a stream cannot go on there; of no meaning when the client has its answer.</param>
/// <param name="Error">What the client is told if nothing else can be done; null when it has its answer.</param>
/// <param name="RetryAfter">What the upstream asked to wait.</param>
internal readonly record struct AttemptEnd(AttemptOutcome Outcome, StreamFailure Failure = StreamFailure.Broken, ApiError? Error = null, TimeSpan? RetryAfter = null)
{
    /// <summary>The client has a whole answer, or an answer that says what was wrong with the request.</summary>
    public bool Answered => Error is null;

    public static AttemptEnd Whole => new(AttemptOutcome.Success);

    public static AttemptEnd Refused => new(AttemptOutcome.ClientError);
}

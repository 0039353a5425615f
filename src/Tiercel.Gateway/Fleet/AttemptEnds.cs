using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>From what went wrong on the wire to how the attempt ended.</summary>
internal static class AttemptEnds
{
    public static AttemptEnd From(UpstreamFailure failure)
    {
        AttemptOutcome outcome = failure.Kind switch
        {
            UpstreamFailureKind.ConnectRefused => AttemptOutcome.ConnectRefused,
            UpstreamFailureKind.ConnectTimeout or UpstreamFailureKind.Unreachable or UpstreamFailureKind.Tls => AttemptOutcome.ConnectFailed,
            UpstreamFailureKind.Reset => AttemptOutcome.Reset,
            UpstreamFailureKind.FirstByteTimeout or UpstreamFailureKind.IdleTimeout => AttemptOutcome.Timeout,
            UpstreamFailureKind.Saturated => AttemptOutcome.Overloaded,
            _ => AttemptOutcome.Malformed,
        };
        StreamFailure why = outcome == AttemptOutcome.Malformed ? StreamFailure.Malformed
            : failure.Kind == UpstreamFailureKind.IdleTimeout ? StreamFailure.Silent
            : StreamFailure.Broken;
        return new AttemptEnd(outcome, why, ForeignErrors.From(failure));
    }

    /// <summary>The fleet took the request elsewhere, or ends. A drain and an end say nothing against the replica, a standstill does.</summary>
    public static AttemptEnd Abandoned(StreamFailure reason) => new(
        reason == StreamFailure.Stalled ? AttemptOutcome.Timeout : AttemptOutcome.Cancelled,
        reason,
        reason == StreamFailure.Interrupted ? ApiErrors.Interrupted() : ApiErrors.UpstreamLost("The engine stopped, and no other could go on in its place."));

    public static AttemptEnd Broken(string detail) => From(new UpstreamFailure(UpstreamFailureKind.Reset, MayHaveRun: true, detail));
}

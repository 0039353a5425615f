namespace Tiercel.Gateway.Upstreams;

/// <summary>A failure as a value.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="MayHaveRun">Whether the engine may have seen the whole request. False: it certainly has not, and sending it elsewhere repeats nothing.</param>
/// <param name="Detail">For logs; holds no bytes of a request or an answer.</param>
internal sealed record UpstreamFailure(UpstreamFailureKind Kind, bool MayHaveRun, string Detail);

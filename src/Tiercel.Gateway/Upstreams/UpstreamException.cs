namespace Tiercel.Gateway.Upstreams;

/// <summary>Carries a failure out of a send or a read.</summary>
internal sealed class UpstreamException(UpstreamFailure failure, Exception? inner = null) : IOException(failure.Detail, inner)
{
    public UpstreamFailure Failure { get; } = failure;
}

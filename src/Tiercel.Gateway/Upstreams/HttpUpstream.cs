using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Upstreams;

/// <summary>An engine that is reached over HTTP/1.1.</summary>
internal sealed class HttpUpstream(int replica, UpstreamSettings settings, HttpUpstreamOptions options) : IUpstream
{
    public int Replica { get; } = replica;

    public UpstreamSettings Settings { get; } = settings;

    public ValueTask<UpstreamAnswer> SendAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        throw new NotImplementedException(options.ToString());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

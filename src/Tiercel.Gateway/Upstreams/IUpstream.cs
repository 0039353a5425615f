using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Upstreams;

/// <summary>Something that answers OpenAI requests: an engine of this process, a worker, a foreign server.</summary>
internal interface IUpstream : IAsyncDisposable
{
    /// <summary>Number within the fleet.</summary>
    int Replica { get; }

    UpstreamSettings Settings { get; }

    /// <summary>Sends a request and gives the head of the answer.</summary>
    /// <exception cref="UpstreamException">No answer came; the failure says why, and whether the engine may have begun to work.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the connection is closed, which is how the engine learns of it.</exception>
    ValueTask<UpstreamAnswer> SendAsync(UpstreamRequest request, CancellationToken cancellationToken);
}

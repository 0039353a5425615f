namespace Tiercel.Gateway.Upstreams;

/// <summary>A request as it is sent. The pieces of the body are not copied: they must stay as they are until the answer's head is there.</summary>
internal sealed class UpstreamRequest
{
    public string Method { get; init; } = "POST";

    /// <summary>Path as the API names it (<c>/v1/chat/completions</c>); the upstream's base path is put before it.</summary>
    public required string Path { get; init; }

    /// <summary>Fields beside those that the upstream sets itself: host, authorization, framing, content type.</summary>
    public IReadOnlyList<UpstreamHeader> Headers { get; init; } = [];

    /// <summary>The body in order: ranges of the original bytes with splices between them. Empty for none.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Body { get; init; } = [];

    /// <summary>Overrides the upstream's first-byte timeout (a probe's, say).</summary>
    public TimeSpan? FirstByteTimeout { get; init; }

    /// <summary>Overrides the upstream's idle timeout; <see cref="Timeout.InfiniteTimeSpan"/> for a stream that may be silent.</summary>
    public TimeSpan? IdleTimeout { get; init; }
}

using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Upstreams;

/// <summary>What all upstreams of a gateway share.</summary>
internal sealed record HttpUpstreamOptions
{
    public required TimeProvider Time { get; init; }

    /// <summary>Shown to Tiercel workers as <c>Authorization: Bearer</c>.</summary>
    public Secret? ClusterSecret { get; init; }

    /// <summary>Client certificate for workers, and the authority that theirs are checked against.</summary>
    public TlsSettings? ClusterTls { get; init; }

    /// <summary>Largest head of an answer.</summary>
    public int MaxHeadBytes { get; init; } = 32 * 1024;

    /// <summary>Most bytes of an answer that are held unread: the longest event, or the largest answer that is read whole.</summary>
    public int MaxBufferedBytes { get; init; } = 64 << 20;

    /// <summary>After so long without use a connection is closed.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(60);
}

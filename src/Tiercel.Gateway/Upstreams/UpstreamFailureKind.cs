namespace Tiercel.Gateway.Upstreams;

/// <summary>How an upstream failed to answer, as HTTP and TCP see it.</summary>
internal enum UpstreamFailureKind
{
    ConnectRefused,
    ConnectTimeout,

    /// <summary>The name does not resolve, or there is no way to the address.</summary>
    Unreachable,

    Tls,

    /// <summary>The connection ended before the answer did.</summary>
    Reset,

    FirstByteTimeout,
    IdleTimeout,

    /// <summary>What came is not HTTP, or is HTTP whose end two readers could see in two places.</summary>
    Malformed,

    /// <summary>A head, a line or an answer that is larger than it may be.</summary>
    TooLong,

    /// <summary>All connections that the upstream may have are in use.</summary>
    Saturated,
}

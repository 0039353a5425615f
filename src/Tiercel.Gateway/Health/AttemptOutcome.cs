namespace Tiercel.Gateway.Health;

/// <summary>How one attempt of a request on one replica ended.</summary>
internal enum AttemptOutcome
{
    Success,

    /// <summary>The client went away, or the gateway took the request elsewhere. Says nothing about the replica.</summary>
    Cancelled,

    /// <summary>4xx other than 429: the request's fault. Says nothing about the replica.</summary>
    ClientError,

    /// <summary>429, or 503 with <c>Retry-After</c>: it works, but has no room.</summary>
    Overloaded,

    /// <summary>Nobody listens at its address.</summary>
    ConnectRefused,

    /// <summary>No connection in time, or no TLS session.</summary>
    ConnectFailed,

    /// <summary>The connection broke before the answer was whole.</summary>
    Reset,

    /// <summary>No first byte, or a silence within the stream, for longer than its limit.</summary>
    Timeout,

    /// <summary>5xx, or an error event within the stream that is the server's fault.</summary>
    ServerError,

    /// <summary>An answer that is no answer: garbage, an endless line, a stream without its end.</summary>
    Malformed,
}

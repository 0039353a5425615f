namespace Tiercel.Gateway.Recovery;

/// <summary>Why a stream cannot go on where it was.</summary>
internal enum StreamFailure
{
    /// <summary>The connection broke, or the stream ended without its end.</summary>
    Broken,

    /// <summary>The worker makes no progress with anything: it stands still, or nothing is heard of it.</summary>
    Stalled,

    /// <summary>Nothing came of this stream for longer than it may be silent, whatever else its engine does.</summary>
    Silent,

    /// <summary>The worker is drained, and the stream would last longer than the drain.</summary>
    Drained,

    /// <summary>The worker sent something that is no event of this stream.</summary>
    Malformed,

    /// <summary>An error event that is the server's fault.</summary>
    ServerError,

    /// <summary>An error event that is the request's fault; it would come again anywhere.</summary>
    RequestError,

    /// <summary>The gateway ends: nobody is left to carry it on.</summary>
    Interrupted,
}

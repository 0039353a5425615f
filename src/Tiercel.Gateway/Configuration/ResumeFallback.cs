namespace Tiercel.Gateway.Configuration;

/// <summary>What to do with a stream that cannot be continued exactly.</summary>
public enum ResumeFallback
{
    /// <summary>Continue on a worker of another numerics id; the stream says so.</summary>
    Mark,

    /// <summary>End with an error event.</summary>
    Error,
}

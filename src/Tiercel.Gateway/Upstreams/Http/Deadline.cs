namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// The one deadline of a connection, set before each wait and looked at now and then by its pool: a wait costs two atomic writes in place of a timer.
/// </summary>
internal sealed class Deadline(TimeProvider time)
{
    private const long None = long.MaxValue;
    private const long Passed = long.MinValue;
    private long _at = None;

    /// <summary>The failure that passing means.</summary>
    public UpstreamFailureKind Kind { get; private set; }

    public bool HasPassed => Volatile.Read(ref _at) == Passed;

    /// <param name="after">From now; infinite for no deadline.</param>
    /// <returns>False when an earlier deadline has passed: the connection is dead.</returns>
    public bool TrySet(TimeSpan after, UpstreamFailureKind kind)
    {
        Kind = kind;
        return Replace(after == Timeout.InfiniteTimeSpan ? None : time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency));
    }

    public bool TryClear() => Replace(None);

    /// <summary>Lets the deadline pass if it is due.</summary>
    /// <returns>True once: the caller closes the connection.</returns>
    public bool TryPass(long now)
    {
        long at = Volatile.Read(ref _at);
        return at != Passed && at <= now && Interlocked.CompareExchange(ref _at, Passed, at) == at;
    }

    private bool Replace(long at)
    {
        long before = Volatile.Read(ref _at);
        return before != Passed && Interlocked.CompareExchange(ref _at, at, before) == before;
    }
}

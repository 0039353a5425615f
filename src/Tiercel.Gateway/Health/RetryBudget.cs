using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Health;

/// <summary>Bounds retries to a share of the requests of the last ten seconds and a rate besides, fleet-wide, so that failures do not multiply load. Resumed
/// streams have a bound of their own: no more than the lost worker had.</summary>
internal sealed class RetryBudget(RetrySettings settings)
{
    /// <summary>A request arrived (its retries do not count).</summary>
    public void Arrived(TimeSpan now) => throw new NotSupportedException();

    /// <summary>Takes a retry when there is one.</summary>
    public bool TryRetry(TimeSpan now) => throw new NotSupportedException();

    /// <summary>A worker was lost or is drained, with so many streams on it: that many may be resumed within the next minute.</summary>
    public void Lost(int streams, TimeSpan now) => throw new NotSupportedException();

    /// <summary>Takes a resume: from those of lost workers, else from the retries (a single stream broke).</summary>
    public bool TryResume(TimeSpan now) => throw new NotSupportedException();

    internal RetrySettings Settings => settings;
}

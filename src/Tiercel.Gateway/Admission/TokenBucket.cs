namespace Tiercel.Gateway.Admission;

/// <summary>
/// Allows <see cref="Capacity"/> in a minute, spread evenly, with a burst of one capacity. It may be overdrawn: what a request took more than it was
/// thought to take, and a single request that is larger than the bucket, are paid back before the next one.
/// </summary>
internal struct TokenBucket
{
    /// <summary>Sums of fractions are not exact; nobody waits for a millionth of a token.</summary>
    private const double RoundingError = 1e-6;

    private TimeSpan _at;

    public TokenBucket(long capacity, TimeSpan now)
    {
        Capacity = capacity;
        Level = capacity;
        _at = now;
    }

    /// <summary>Per minute.</summary>
    public long Capacity { get; private set; }

    /// <summary>What is left as of the last call; below zero when overdrawn.</summary>
    public double Level { get; private set; }

    public readonly long Remaining => (long)Math.Clamp(Math.Floor(Level), 0, Capacity);

    private readonly double PerSecond => Capacity / 60.0;

    /// <summary>How long until an amount is there; zero when it is. An amount larger than the bucket is there when the bucket is full.</summary>
    public TimeSpan WaitFor(long amount, TimeSpan now)
    {
        Refill(now);
        double missing = Math.Min(amount, Capacity) - Level;
        return missing <= RoundingError ? TimeSpan.Zero : Seconds(missing / PerSecond);
    }

    /// <summary>Until the bucket is full.</summary>
    public readonly TimeSpan UntilFull => Seconds((Capacity - Level) / PerSecond);

    public void Take(long amount) => Level -= amount;

    /// <summary>Gives back what was taken too much (or takes what was taken too little, when negative).</summary>
    public void Correct(long surplus, TimeSpan now)
    {
        Refill(now);
        Level = Math.Min(Capacity, Level + surplus);
    }

    /// <summary>After a reload: what was used stays used.</summary>
    public void Resize(long capacity, TimeSpan now)
    {
        Refill(now);
        Level = Math.Min(capacity, Level + (capacity - Capacity));
        Capacity = capacity;
    }

    private void Refill(TimeSpan now)
    {
        if (now > _at)
        {
            Level = Math.Min(Capacity, Level + (now - _at).TotalSeconds * PerSecond);
            _at = now;
        }
    }

    /// <summary>Rounded up to a tick, so that whoever waits so long finds it there.</summary>
    private static TimeSpan Seconds(double seconds) =>
        new((long)Math.Min(Math.Ceiling(seconds * TimeSpan.TicksPerSecond), TimeSpan.FromDays(365).Ticks));
}

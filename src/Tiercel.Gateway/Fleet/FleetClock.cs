namespace Tiercel.Gateway.Fleet;

/// <summary>The one time base of a gateway process: what its pure parts call <c>now</c> is the time since this was made. Never goes back.</summary>
internal sealed class FleetClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time { get; } = time;

    public TimeSpan Now => Time.GetElapsedTime(_start);

    /// <summary>For records and budgets, which follow the calendar.</summary>
    public DateTimeOffset Utc => Time.GetUtcNow();
}

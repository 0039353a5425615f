namespace Tiercel.Testing;

/// <summary>
/// Holds a bound on how long hostile input may keep the program busy, without believing a machine that is busy with something else: only what exceeds the bound three times
/// in a row exceeds it.
/// </summary>
public static class TimeBound
{
    private const int Attempts = 3;

    /// <summary>Runs the action, again where it took too long, and fails if it always does.</summary>
    public static void Hold(TimeSpan bound, Action action)
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < Attempts && shortest > bound; i++)
        {
            long start = TimeProvider.System.GetTimestamp();
            action();
            shortest = Shorter(shortest, start);
        }

        Check(shortest, bound);
    }

    /// <inheritdoc cref="Hold" />
    public static async Task HoldAsync(TimeSpan bound, Func<Task> action)
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < Attempts && shortest > bound; i++)
        {
            long start = TimeProvider.System.GetTimestamp();
            await action();
            shortest = Shorter(shortest, start);
        }

        Check(shortest, bound);
    }

    private static TimeSpan Shorter(TimeSpan shortest, long start)
    {
        TimeSpan time = TimeProvider.System.GetElapsedTime(start);
        return time < shortest ? time : shortest;
    }

    private static void Check(TimeSpan shortest, TimeSpan bound)
        => Assert.True(shortest <= bound, $"it took {shortest.TotalSeconds:0.00} s at best, and {bound.TotalSeconds:0.00} s are allowed");
}

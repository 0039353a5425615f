namespace Tiercel.Testing;

/// <summary>
/// Holds a bound on how long hostile input may keep the program busy, without believing a machine that is busy with something else: time in which this program had no processor
/// does not count, and only what exceeds the bound each of several times exceeds it.
/// </summary>
public static class TimeBound
{
    private const int Attempts = 5;

    /// <summary>Runs the action, again where it took too long, and fails if it always does.</summary>
    public static void Hold(TimeSpan bound, Action action)
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < Attempts && shortest > bound; i++)
        {
            (long start, TimeSpan used) = Begin();
            action();
            shortest = Shorter(shortest, start, used);
        }

        Check(shortest, bound);
    }

    /// <inheritdoc cref="Hold" />
    public static async Task HoldAsync(TimeSpan bound, Func<Task> action)
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < Attempts && shortest > bound; i++)
        {
            (long start, TimeSpan used) = Begin();
            await action();
            shortest = Shorter(shortest, start, used);
        }

        Check(shortest, bound);
    }

    private static (long Start, TimeSpan Used) Begin() => (TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime);

    private static TimeSpan Shorter(TimeSpan shortest, long start, TimeSpan used)
    {
        TimeSpan time = TimeProvider.System.GetElapsedTime(start);
        TimeSpan busy = Environment.CpuUsage.TotalTime - used;
        time = busy < time ? busy : time;
        return time < shortest ? time : shortest;
    }

    private static void Check(TimeSpan shortest, TimeSpan bound)
        => Assert.True(shortest <= bound, $"it took {shortest.TotalSeconds:0.00} s at best, and {bound.TotalSeconds:0.00} s are allowed");
}

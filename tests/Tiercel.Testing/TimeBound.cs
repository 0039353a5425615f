namespace Tiercel.Testing;

/// <summary>
/// Holds a bound on how long hostile input may keep the program busy, without believing a machine that is busy with something else: what counts is time in which the work itself had a
/// processor, and only what exceeds the bound each of several times exceeds it.
/// </summary>
public static class TimeBound
{
    private const int Attempts = 5;

    /// <summary>Runs the action on this thread, again where it took too long, and fails if it always does. What other threads do meanwhile does not count.</summary>
    public static void Hold(TimeSpan bound, Action action)
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < Attempts && shortest > bound; i++)
        {
            (long start, TimeSpan used) = (TimeProvider.System.GetTimestamp(), ThreadTime.Used());
            action();
            shortest = Shorter(shortest, start, ThreadTime.Used() - used);
        }

        Check(shortest, bound);
    }

    /// <summary>
    /// Runs the action, again where it took too long, and fails if it always does. It may go from thread to thread, so that what all of this process do counts: for tests that run alone.
    /// </summary>
    public static async Task HoldAsync(TimeSpan bound, Func<Task> action)
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < Attempts && shortest > bound; i++)
        {
            (long start, TimeSpan used) = (TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime);
            await action();
            shortest = Shorter(shortest, start, Environment.CpuUsage.TotalTime - used);
        }

        Check(shortest, bound);
    }

    private static TimeSpan Shorter(TimeSpan shortest, long start, TimeSpan busy)
    {
        TimeSpan time = TimeProvider.System.GetElapsedTime(start);
        time = busy < time ? busy : time;
        return time < shortest ? time : shortest;
    }

    private static void Check(TimeSpan shortest, TimeSpan bound)
        => Assert.True(shortest <= bound, $"it took {shortest.TotalSeconds:0.00} s at best, and {bound.TotalSeconds:0.00} s are allowed");
}

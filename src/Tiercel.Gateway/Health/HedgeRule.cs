namespace Tiercel.Gateway.Health;

/// <summary>Whether a second replica is asked because the first is late. Off unless the pool says so, and only while there is headroom.</summary>
internal static class HedgeRule
{
    /// <summary>Share of a pool's concurrency that must be free: a hedge is extra load, and lateness under load is no reason for more.</summary>
    public const double LeastHeadroom = 0.5;

    // Twice what was predicted is late; sooner than this nobody notices.
    private const double Lateness = 2;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);

    /// <summary>How long to wait for the first token before a second replica is asked; null for never. A hedge takes its place in the retry budget.</summary>
    /// <param name="enabled">The pool's setting.</param>
    /// <param name="predictedTtft">What the router predicted for the first replica.</param>
    /// <param name="headroom">Share of the pool's concurrency that is free, 0 to 1.</param>
    /// <param name="otherUsable">Usable replicas besides the first.</param>
    public static TimeSpan? Delay(bool enabled, TimeSpan predictedTtft, double headroom, int otherUsable)
    {
        if (!enabled || otherUsable < 1 || !(headroom >= LeastHeadroom))
        {
            return null;
        }

        TimeSpan late = predictedTtft * Lateness;
        return late > Shortest ? late : Shortest;
    }
}

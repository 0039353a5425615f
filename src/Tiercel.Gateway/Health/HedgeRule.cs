namespace Tiercel.Gateway.Health;

/// <summary>Whether a second replica is asked because the first is late. Off unless the pool says so, and only while there is headroom.</summary>
internal static class HedgeRule
{
    /// <summary>When a second replica may be asked; null for never.</summary>
    /// <param name="enabled">The pool's setting.</param>
    /// <param name="predictedTtft">What the router predicted for the first replica.</param>
    /// <param name="headroom">Share of the pool's concurrency that is free, 0 to 1.</param>
    /// <param name="otherUsable">Usable replicas besides the first.</param>
    public static TimeSpan? Delay(bool enabled, TimeSpan predictedTtft, double headroom, int otherUsable) => throw new NotSupportedException();
}

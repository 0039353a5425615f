namespace Tiercel.Gateway.Routing;

/// <summary>How much of a prompt one replica is believed to hold.</summary>
/// <param name="ComputedBytes">Computed already.</param>
/// <param name="PendingBytes">Beyond that: being computed for a request that was sent before.</param>
internal readonly record struct PrefixMatch(long ComputedBytes, long PendingBytes)
{
    /// <summary>The age of the oldest part in use: fingerprint blocks that the replica has got since. Tells how large its cache must be to still have it.</summary>
    public long BlocksSince { get; init; }
}

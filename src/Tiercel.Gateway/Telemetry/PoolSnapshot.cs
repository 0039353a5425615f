namespace Tiercel.Gateway.Telemetry;

/// <summary>A pool at one moment.</summary>
public sealed record PoolSnapshot
{
    public required string Name { get; init; }

    /// <summary>As in the configuration: <c>cost</c>, <c>round_robin</c> …</summary>
    public string Policy { get; init; } = "";

    /// <summary>Requests that wait in the gateway.</summary>
    public int QueueLength { get; init; }

    public long QueueBytes { get; init; }

    public IReadOnlyList<ReplicaSnapshot> Replicas { get; init; } = [];
}

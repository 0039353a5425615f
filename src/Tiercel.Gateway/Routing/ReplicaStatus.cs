namespace Tiercel.Gateway.Routing;

/// <summary>What a replica says of itself, by <c>/metrics</c> of foreign engines or the heartbeat of workers. Null where it says nothing.</summary>
internal sealed record ReplicaStatus
{
    /// <summary>Requests that are being computed, those of other clients included.</summary>
    public int? Running { get; init; }

    public int? Waiting { get; init; }

    /// <summary>Used share of the KV memory, 0 to 1.</summary>
    public double? KvUse { get; init; }

    /// <summary>Tokens that the KV memory holds.</summary>
    public long? KvTokens { get; init; }
}

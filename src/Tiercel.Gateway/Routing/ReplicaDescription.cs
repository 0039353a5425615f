namespace Tiercel.Gateway.Routing;

/// <summary>A replica as its pool knows it.</summary>
/// <param name="Replica">Fleet-wide number, never used again.</param>
/// <param name="Exact">It tells which blocks it holds (a Tiercel worker).</param>
internal sealed record ReplicaDescription(int Replica, string Name, bool Exact = false)
{
    /// <summary>Workers of one id continue each other's streams exactly; null while unknown and for foreign engines.</summary>
    public string? NumericsId { get; init; }

    /// <summary>Tokens that its KV memory holds; null while unknown.</summary>
    public long? KvTokens { get; init; }

    /// <summary>Tokens in a block of its cache; 0 while unknown.</summary>
    public int BlockTokens { get; init; }

    /// <summary>What was measured at its start; null for defaults, which are corrected by what is observed.</summary>
    public ReplicaProfile? Profile { get; init; }
}

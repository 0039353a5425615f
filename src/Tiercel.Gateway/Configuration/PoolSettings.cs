namespace Tiercel.Gateway.Configuration;

/// <summary>Upstreams that can stand in for each other.</summary>
public sealed record PoolSettings
{
    public required IReadOnlyList<UpstreamSettings> Upstreams { get; init; }

    public RoutingPolicyKind Policy { get; init; } = RoutingPolicyKind.Cost;

    /// <summary>What becomes of a running stream whose worker is lost when no worker of the same numerics id is left.</summary>
    public ResumeFallback ResumeFallback { get; init; } = ResumeFallback.Mark;

    /// <summary>Whether a second replica may be asked when the first is late and there is headroom.</summary>
    public bool Hedge { get; init; }
}

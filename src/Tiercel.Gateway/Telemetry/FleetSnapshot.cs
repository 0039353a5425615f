namespace Tiercel.Gateway.Telemetry;

/// <summary>The fleet at one moment: what <c>GET /internal/fleet</c> answers, <c>tiercel top</c> shows and the gauges tell.</summary>
public sealed record FleetSnapshot
{
    /// <summary>First digits of the SHA-256 of the configuration in force.</summary>
    public required string ConfigVersion { get; init; }

    /// <summary>Why the file as it is now is not in force; null when it is.</summary>
    public string? ConfigError { get; init; }

    public double UptimeSeconds { get; init; }

    /// <summary>Requests that the gateway is working on, the waiting ones included.</summary>
    public int ActiveRequests { get; init; }

    public IReadOnlyList<PoolSnapshot> Pools { get; init; } = [];

    public IReadOnlyList<TenantSnapshot> Tenants { get; init; } = [];

    /// <summary>Requests refused since the start, by reason.</summary>
    public IReadOnlyDictionary<string, long> Refusals { get; init; } = new Dictionary<string, long>();

    public LedgerSnapshot Ledger { get; init; } = new();
}

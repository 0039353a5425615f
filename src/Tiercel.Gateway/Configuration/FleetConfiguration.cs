namespace Tiercel.Gateway.Configuration;

/// <summary>Everything that <c>tiercel.yaml</c> says, validated as a whole. Immutable; a reload makes a new one.</summary>
public sealed record FleetConfiguration
{
    /// <summary>First 12 hexadecimal digits of the SHA-256 of the file, to tell configurations apart in logs and metrics.</summary>
    public required string Version { get; init; }

    /// <summary>Where clients are listened for.</summary>
    public IReadOnlyList<ListenerSettings> Listeners { get; init; } = [new ListenerSettings()];

    /// <summary>Host names that requests may carry besides those of loopback. None: unchecked, unless every listener is on loopback.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins of web pages that may call the API; <c>*</c> for all.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Whether everybody may come in without a key, from other machines too. Never together with tenants.</summary>
    public bool NoAuth { get; init; }

    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>Pools by name.</summary>
    public required IReadOnlyDictionary<string, PoolSettings> Pools { get; init; }

    /// <summary>Routes by the model's name as clients say it.</summary>
    public required IReadOnlyDictionary<string, RouteSettings> Routes { get; init; }

    /// <summary>Classes of service by name.</summary>
    public IReadOnlyDictionary<string, ServiceClass> Classes { get; init; } = new Dictionary<string, ServiceClass>();

    /// <summary>Tenants by name. None means that no key is needed, and everybody is the tenant <c>""</c>.</summary>
    public IReadOnlyDictionary<string, TenantSettings> Tenants { get; init; } = new Dictionary<string, TenantSettings>();

    public QueueSettings Queue { get; init; } = new();

    public RetrySettings Retries { get; init; } = new();

    public HealthSettings Health { get; init; } = new();

    public LedgerSettings Ledger { get; init; } = new();

    public TelemetrySettings Telemetry { get; init; } = new();

    public BodyLimits Limits { get; init; } = new();
}

namespace Tiercel.Gateway.Configuration;

/// <summary>Who may use the fleet, how much, and at what price.</summary>
public sealed record TenantSettings
{
    public required string Name { get; init; }

    public required IReadOnlyList<KeySettings> Keys { get; init; }

    /// <summary>Name of the class of service; null for the route's.</summary>
    public string? Class { get; init; }

    /// <summary>Share among tenants when there is not enough for all.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Routes that the tenant may use; null for all.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    public TenantLimitSettings Limits { get; init; } = new();

    public BudgetSettings Budget { get; init; } = new();
}

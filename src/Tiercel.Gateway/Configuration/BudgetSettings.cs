namespace Tiercel.Gateway.Configuration;

/// <summary>What a tenant may spend in a UTC day and month; null for no limit.</summary>
public sealed record BudgetSettings
{
    public decimal? PerDay { get; init; }

    public decimal? PerMonth { get; init; }
}

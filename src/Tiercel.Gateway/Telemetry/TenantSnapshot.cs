namespace Tiercel.Gateway.Telemetry;

/// <summary>A tenant at one moment; null for budgets that are not set.</summary>
public sealed record TenantSnapshot
{
    public required string Name { get; init; }

    /// <summary>Over the last ten seconds.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>Prompt and output together, over the last ten seconds.</summary>
    public double TokensPerSecond { get; init; }

    public int Waiting { get; init; }

    public decimal SpentToday { get; init; }

    public decimal? BudgetPerDay { get; init; }

    public decimal SpentThisMonth { get; init; }

    public decimal? BudgetPerMonth { get; init; }
}

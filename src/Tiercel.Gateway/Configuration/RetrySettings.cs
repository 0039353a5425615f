namespace Tiercel.Gateway.Configuration;

/// <summary>How often a request is tried again, before its first byte.</summary>
public sealed record RetrySettings
{
    /// <summary>Tries of one request in all.</summary>
    public int MaxTries { get; init; } = 3;

    /// <summary>Retries allowed as a share of requests over the last ten seconds.</summary>
    public double BudgetShare { get; init; } = 0.2;

    /// <summary>Retries per second that are allowed besides.</summary>
    public double BudgetPerSecond { get; init; } = 10;
}

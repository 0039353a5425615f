namespace Tiercel.Gateway.Telemetry;

/// <summary>The ledger at one moment.</summary>
public sealed record LedgerSnapshot
{
    /// <summary>Records that wait for the disk.</summary>
    public long Buffered { get; init; }

    /// <summary>Whether usage is kept in memory because the store cannot be written.</summary>
    public bool Degraded { get; init; }

    /// <summary>Why, when it is.</summary>
    public string? Reason { get; init; }
}

namespace Tiercel.Gateway.Configuration;

/// <summary>Where usage is kept.</summary>
public sealed record LedgerSettings
{
    /// <summary>SQLite file; null keeps usage in memory only.</summary>
    public string? Path { get; init; }

    /// <summary>Records that wait for the disk at most; beyond it they are summed by tenant, key, model and day.</summary>
    public int MaxBuffered { get; init; } = 100_000;

    /// <summary>Longest time between two writes, which is what a killed process can lose.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(200);
}

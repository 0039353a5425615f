namespace Tiercel.Gateway.Configuration;

/// <summary>The queue in front of each pool.</summary>
public sealed record QueueSettings
{
    /// <summary>Requests that wait at most.</summary>
    public int MaxRequests { get; init; } = 1024;

    /// <summary>Bytes of their bodies at most.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>Longest wait.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most that one tenant may have waiting.</summary>
    public int MaxRequestsPerTenant { get; init; } = 512;
}

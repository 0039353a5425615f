namespace Tiercel.Gateway.Workers;

/// <summary>How patiently a gateway listens to its workers.</summary>
internal sealed record WorkerLinkOptions
{
    /// <summary>Wait after a first failure; doubles with each further one, with a random part of a half.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence; a worker sends a heartbeat each second.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest line: the chain of a prompt of a million tokens.</summary>
    public int MaxLineBytes { get; init; } = 1 << 20;

    public int MaxInfoBytes { get; init; } = 64 * 1024;

    /// <summary>Seed of the random part of the waits.</summary>
    public ulong Seed { get; init; }
}

namespace Tiercel.Gateway.Configuration;

/// <summary>When an upstream is left alone, and when it comes back.</summary>
public sealed record HealthSettings
{
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Failures in a row that eject.</summary>
    public int FailuresToEject { get; init; } = 5;

    /// <summary>First ejection; each further one is longer by this much, up to <see cref="MaxEjection"/>.</summary>
    public TimeSpan BaseEjection { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MaxEjection { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Largest share of a pool that is ejected at one time.</summary>
    public double MaxEjectedShare { get; init; } = 0.3;

    /// <summary>Below this share of usable replicas all are used.</summary>
    public double PanicShare { get; init; } = 0.5;

    /// <summary>Time over which a replica that came back is brought to its full share.</summary>
    public TimeSpan SlowStart { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A Tiercel worker whose step loop has told nothing for so long is suspect.</summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(3);
}

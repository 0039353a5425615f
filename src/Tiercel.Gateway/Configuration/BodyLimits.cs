namespace Tiercel.Gateway.Configuration;

/// <summary>What a request may take of the gateway's memory.</summary>
public sealed record BodyLimits
{
    public long MaxBodyBytes { get; init; } = 16L << 20;

    public long MaxBufferedBodyBytes { get; init; } = 256L << 20;

    public int MaxConnections { get; init; } = 8192;

    /// <summary>Largest answer that is not streamed.</summary>
    public long MaxAnswerBytes { get; init; } = 64L << 20;

    /// <summary>All answers that are held whole at one time, small ones not counted.</summary>
    public long MaxBufferedAnswerBytes { get; init; } = 512L << 20;

    /// <summary>Longest line of a stream.</summary>
    public int MaxEventBytes { get; init; } = 1 << 20;

    /// <summary>How long a client that takes nothing of its answer is waited for.</summary>
    public TimeSpan SlowReader { get; init; } = TimeSpan.FromSeconds(60);
}

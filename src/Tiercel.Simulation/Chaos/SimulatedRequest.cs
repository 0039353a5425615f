namespace Tiercel.Simulation.Chaos;

/// <summary>A request as a client sends it.</summary>
internal sealed record SimulatedRequest
{
    public required long Number { get; init; }

    /// <summary>Two requests of one body are the same request, sent again.</summary>
    public required int Body { get; init; }

    public required string Tenant { get; init; }

    public required int[] Prompt { get; init; }

    public required int Choices { get; init; }

    public required int MaxTokens { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>An answer ends by itself after about so many tokens.</summary>
    public required int MeanLength { get; init; }

    public int Priority { get; init; }

    /// <summary>When the client leaves, counted from its arrival.</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>Position of the token whose computation kills the worker.</summary>
    public int? PoisonAt { get; init; }

    /// <summary>How often the client sends it again when it fails.</summary>
    public int Resends { get; init; }

    public UInt128 Fingerprint => (UInt128)(ulong)Body;
}

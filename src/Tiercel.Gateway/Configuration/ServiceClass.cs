namespace Tiercel.Gateway.Configuration;

/// <summary>What a request is promised, and how urgent it is. A client may ask for a class that is less than its own, never for more.</summary>
public sealed record ServiceClass
{
    public required string Name { get; init; }

    /// <summary>Lower is more urgent; 0 is the default.</summary>
    public int Priority { get; init; }

    /// <summary>Objective for the time to the first token; null for none, so that only full queues refuse.</summary>
    public TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>What the objective grows by for each thousand prompt tokens that no cache holds.</summary>
    public TimeSpan PerThousandUncached { get; init; }

    /// <summary>Objective for the mean time of an output token; null for none.</summary>
    public TimeSpan? TimePerOutputToken { get; init; }
}

namespace Tiercel.Engine.Scheduling;

/// <summary>What the scheduler is told of a new sequence.</summary>
public sealed record SequenceArrival
{
    /// <summary>The prompt; at least one token, at most the context.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>Cached prefixes are shared within one salt only.</summary>
    public string CacheSalt { get; init; } = "";

    /// <summary>Lower is more urgent.</summary>
    public int Priority { get; init; }

    /// <summary>Every row's result is wanted (prompt log probabilities, mean pooling), so nothing is taken from the cache.</summary>
    public bool WantsAllOutputs { get; init; }

    /// <summary>The whole prompt must be in one step, and nothing is kept (encoders).</summary>
    public bool SingleStep { get; init; }
}

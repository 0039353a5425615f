namespace Tiercel.Engine.Scheduling;

/// <summary>The limits of a step and of the queue.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Rows a step may have in all: decodes first, prefill chunks with the rest.</summary>
    public int TokenBudget { get; init; } = 512;

    /// <summary>Rows of a step whose logits may be asked for.</summary>
    public int MaxOutputs { get; init; } = 64;

    /// <summary>Sequences that may run at once.</summary>
    public int MaxRunning { get; init; } = 256;

    /// <summary>Sequences that may wait; one more is refused.</summary>
    public int MaxWaiting { get; init; } = 512;

    /// <summary>While sequences decode, prefill chunks are cut so that a step is expected to take no longer than this.</summary>
    public TimeSpan StepTarget { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A waiting sequence gains one level of priority each time it has waited this long.</summary>
    public TimeSpan AgingInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Tokens of context one sequence may use.</summary>
    public required int ContextLength { get; init; }
}

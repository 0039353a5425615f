namespace Tiercel.Engine.Scheduling;

/// <summary>The limits of a step and of the queue.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Rows a step may have in all: decodes first, prefill chunks with the rest. At least 2.</summary>
    public int TokenBudget { get; init; } = 512;

    /// <summary>Rows of a step whose logits may be asked for. At least 2; streams beyond this number take turns.</summary>
    public int MaxOutputs { get; init; } = 64;

    /// <summary>Sequences that may run at once; forks come on top.</summary>
    public int MaxRunning { get; init; } = 256;

    /// <summary>Sequences that may wait; one more is refused.</summary>
    public int MaxWaiting { get; init; } = 512;

    /// <summary>While sequences decode, prefill chunks are cut so that a step is expected to take no longer than this.</summary>
    public TimeSpan StepTarget { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Prefill rows a step has room for however slow steps are, so that no prompt starves beside running streams.</summary>
    public int MinPrefillRows { get; init; } = 16;

    /// <summary>A waiting sequence gains one level of priority each time it has waited this long.</summary>
    public TimeSpan AgingInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Tokens of context one sequence may use.</summary>
    public required int ContextLength { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the exception names it.</exception>
    internal void Validate(int blockCount, int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(TokenBudget, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutputs, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRunning, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxWaiting, 0);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(StepTarget, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MinPrefillRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AgingInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(ContextLength, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(blockCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 2);
        if (blockCount > 0)
        {
            // One sequence must fit alone, or preempting all others would not help it.
            ArgumentOutOfRangeException.ThrowIfGreaterThan(ContextLength, (long)blockCount * blockSize, nameof(ContextLength));
        }
    }
}

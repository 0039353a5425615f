namespace Tiercel.Gateway.Workers;

/// <summary>A worker's heartbeat.</summary>
internal sealed record WorkerStatus
{
    public int Running { get; init; }

    public int Waiting { get; init; }

    public int FreeBlocks { get; init; }

    public int CachedBlocks { get; init; }

    public int TotalBlocks { get; init; }

    /// <summary>Steps since the start of the worker.</summary>
    public long Steps { get; init; }

    public long PromptTokens { get; init; }

    public long GeneratedTokens { get; init; }

    /// <summary>Whether the step loop advances, or has nothing to do.</summary>
    public bool IsAlive { get; init; }

    /// <summary>It takes nothing new.</summary>
    public bool IsDraining { get; init; }
}

namespace Tiercel.Engine;

/// <summary>A snapshot of the engine for health checks, metrics and routers. Counters only grow.</summary>
public sealed record EngineStatus
{
    public int RunningSequences { get; init; }

    public int WaitingSequences { get; init; }

    /// <summary>Sequences that may run at once.</summary>
    public int MaxRunningSequences { get; init; }

    /// <summary>Blocks of the key/value cache in all, free ones, and ones that only the prefix cache holds.</summary>
    public int TotalBlocks { get; init; }

    public int FreeBlocks { get; init; }

    public int CachedBlocks { get; init; }

    /// <summary>Tokens in a block.</summary>
    public int BlockSize { get; init; }

    /// <summary>Steps made since the start.</summary>
    public long Steps { get; init; }

    /// <summary>Prompt tokens looked up in the prefix cache, and found there.</summary>
    public long PrefixCacheQueries { get; init; }

    public long PrefixCacheHits { get; init; }

    public long Preemptions { get; init; }

    public long PromptTokens { get; init; }

    public long GeneratedTokens { get; init; }

    public bool Draining { get; init; }

    /// <summary>Whether the step loop has advanced, or was idle with an empty queue, within the given time.</summary>
    public bool Alive { get; init; }

    /// <summary>Why the engine is dead, once it is.</summary>
    public string? Failure { get; init; }
}

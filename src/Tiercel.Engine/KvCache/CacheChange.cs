namespace Tiercel.Engine.KvCache;

/// <summary>What one step did to the prefix cache, or, as a snapshot, all that it holds.</summary>
public sealed record CacheChange
{
    /// <summary>True: the cache holds exactly <see cref="Stored"/>, whatever was reported before.</summary>
    public bool IsSnapshot { get; init; }

    /// <summary>Blocks that are held no more. They went before <see cref="Stored"/> came.</summary>
    public IReadOnlyList<ulong> Removed { get; init; } = [];

    /// <summary>Blocks that can be found now, parents before their children; a beginning's parent is 0.</summary>
    public IReadOnlyList<(ulong Parent, ulong Block)> Stored { get; init; } = [];
}

namespace Tiercel.Engine.Scheduling;

/// <summary>One running choice as the scheduler sees it: tokens, how many of them are in the cache, and the blocks that hold them.</summary>
public sealed class Sequence
{
    internal Sequence(long id, SequenceArrival arrival)
    {
        Id = id;
        Arrival = arrival;
        Tokens = [.. arrival.Prompt];
        PromptLength = arrival.Prompt.Count;
    }

    public long Id { get; }

    public SequenceArrival Arrival { get; }

    /// <summary>Prompt and output so far.</summary>
    public List<int> Tokens { get; }

    public int PromptLength { get; }

    /// <summary>Leading tokens whose keys and values are in the cache, or planned to be written in the current step.</summary>
    public int ComputedTokens { get; internal set; }

    /// <summary>Prompt tokens that were found in the prefix cache when it was first admitted.</summary>
    public int CachedTokens { get; internal set; }

    /// <summary>Cache blocks in order of position.</summary>
    public List<int> Blocks { get; } = [];
}

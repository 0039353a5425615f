namespace Tiercel.Engine.Scheduling;

/// <summary>
/// One running choice as the scheduler sees it: tokens, how many of them are in the cache, and the blocks that hold them.
/// </summary>
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

    /// <summary>
    /// Prompt tokens that were found in the prefix cache and not computed for this sequence. What is recomputed after a preemption is not
    /// counted.
    /// </summary>
    public int CachedTokens { get; internal set; }

    /// <summary>Cache blocks in order of position.</summary>
    public List<int> Blocks { get; } = [];

    /// <summary>
    /// With <see cref="SequenceArrival.WantsAllOutputs"/>: leading rows whose results have been computed in a completed step; they are
    /// not asked for again after a preemption.
    /// </summary>
    public int OutputRows { get; internal set; }

    internal SequenceState State { get; set; }

    /// <summary>
    /// Arrival time plus priority times the aging interval, in ticks. Comparing these is the same as comparing priorities of which one
    /// level is taken off for each interval waited, but does not change with time.
    /// </summary>
    internal Urgency Urgency { get; init; }

    /// <summary>Where histories of the sequence's salt begin in the prefix tree.</summary>
    internal int Root { get; init; }

    /// <summary>Leading blocks that are in the prefix tree.</summary>
    internal int PublishedBlocks { get; set; }

    /// <summary>Place of the last published block in the prefix tree.</summary>
    internal int Tail { get; set; }

    /// <summary>Number of the last step whose plan gave it rows.</summary>
    internal long PlannedStep { get; set; }

    /// <summary>Number of the last step whose plan gave it blocks from the cache.</summary>
    internal long MatchedStep { get; set; }

    internal int Preemptions { get; set; }

    internal int RemainingRows => Tokens.Count - ComputedTokens;

    /// <summary>Whether the only row missing is that of the token sampled last.</summary>
    internal bool IsDecoding => RemainingRows == 1 && Tokens.Count > PromptLength;

    /// <summary>
    /// Tokens that may come from the cache: all but the last one, whose row is needed for its result; with all results wanted, only those
    /// already given.
    /// </summary>
    internal int CacheableTokens => Arrival.WantsAllOutputs ? Math.Min(OutputRows, Tokens.Count - 1) : Tokens.Count - 1;

    /// <summary>The order in which sequences are served: by urgency, then by arrival. The last one is preempted first.</summary>
    internal static int CompareUrgency(Sequence left, Sequence right)
    {
        int order = left.Urgency.CompareTo(right.Urgency);
        return order != 0 ? order : left.Id.CompareTo(right.Id);
    }
}

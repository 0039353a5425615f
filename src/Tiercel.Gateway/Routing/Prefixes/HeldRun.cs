namespace Tiercel.Gateway.Routing;

/// <summary>That one replica holds the first <see cref="Blocks"/> blocks of a node's run.</summary>
internal sealed class HeldRun(PromptNode node, int slot)
{
    public PromptNode Node { get; } = node;

    public int Slot { get; } = slot;

    public int Blocks { get; set; }

    public TimeSpan Touched { get; set; }

    /// <summary>The replica's count of added blocks when this was last touched.</summary>
    public long TouchedAtBlock { get; set; }

    public required PrefillMark Mark { get; set; }

    public HeldRun? NextHolder { get; set; }

    /// <summary>Neighbours in the order of use of the replica.</summary>
    public HeldRun? Newer { get; set; }

    public HeldRun? Older { get; set; }
}

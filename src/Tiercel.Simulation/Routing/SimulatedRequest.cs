namespace Tiercel.Simulation.Routing;

/// <summary>A request inside a simulated engine.</summary>
internal sealed class SimulatedRequest(long id, TraceRow row)
{
    public long Id { get; } = id;

    public TraceRow Row { get; } = row;

    /// <summary>Prompt tokens computed or found.</summary>
    public int Done { get; set; }

    /// <summary>Prompt tokens that the prefix cache had.</summary>
    public int Cached { get; set; }

    /// <summary>Tokens of the answer.</summary>
    public int Made { get; set; }

    /// <summary>Blocks for the answer.</summary>
    public int OutputBlocks => (Row.OutputTokens + SimulatedEngine.BlockTokens - 1) / SimulatedEngine.BlockTokens + 1;

    public bool IsPrefilled => Done >= Row.InputTokens;
}

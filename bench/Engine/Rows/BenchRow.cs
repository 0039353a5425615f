namespace Tiercel.Bench.Engine.Rows;

/// <summary>One line of the table.</summary>
/// <param name="Id">What <c>--rows</c> selects by: the beginning of it.</param>
/// <param name="Model">Which file: <c>SHAPE/MIX</c>, or <c>real</c>.</param>
/// <param name="What">The command to the contenders.</param>
/// <param name="Unit">Of the figure.</param>
/// <param name="Floor">Ratio Tiercel / peer that is asked for at least (at most, where less is better).</param>
/// <param name="Target">Ratio that is aimed at.</param>
internal sealed record BenchRow(string Id, string Model, string What, string Unit, double Floor, double Target)
{
    /// <summary>Times and bytes.</summary>
    public bool LessIsBetter { get; init; }

    /// <summary>Floor and target are of our own figure, not of the ratio.</summary>
    public bool Absolute { get; init; }

    /// <summary>Another process keeps one thread busy meanwhile.</summary>
    public bool Busy { get; init; }

    /// <summary>Each measurement loads the model anew: load time, memory.</summary>
    public bool FreshProcess { get; init; }

    /// <summary>What the figure is compared with: <c>read</c> bandwidth, <c>integer</c> peak, or nothing.</summary>
    public string Limit { get; init; } = "";

    /// <summary>Tokens of context that decoding reads, for the bandwidth.</summary>
    public int Context { get; init; }
}

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>What one measurement gave.</summary>
/// <param name="Value">The figure of the row.</param>
/// <param name="Others">More to know about it, by name.</param>
internal sealed record Figures(double Value, Dictionary<string, double>? Others = null);

namespace Tiercel.Simulation.Routing;

/// <summary>One request of a trace.</summary>
/// <param name="At">Seconds since the trace began.</param>
/// <param name="Blocks">Ids of its 512-token prefix blocks: equal ids are equal blocks with equal prefixes.</param>
internal sealed record TraceRow(double At, int InputTokens, int OutputTokens, int[] Blocks);

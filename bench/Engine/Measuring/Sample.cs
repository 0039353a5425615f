namespace Tiercel.Bench.Engine.Measuring;

/// <summary>One measurement of one contender.</summary>
/// <param name="Value">The figure.</param>
/// <param name="OwnShare">Share of the machine's processors that the process used.</param>
/// <param name="OthersShare">Share that others used meanwhile.</param>
/// <param name="Disturbed">Others used too much, and measuring again did not help.</param>
/// <param name="Others">What else the contender said.</param>
internal sealed record Sample(double Value, double OwnShare, double OthersShare, bool Disturbed, Dictionary<string, double>? Others);

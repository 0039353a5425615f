namespace Tiercel.Simulation.Chaos;

/// <summary>A check of the simulation failed.</summary>
/// <param name="invariant">Which one: <c>I1</c> to <c>I23</c>.</param>
internal sealed class InvariantViolationException(string invariant, string message) : Exception($"{invariant}: {message}")
{
    public string Invariant { get; } = invariant;
}

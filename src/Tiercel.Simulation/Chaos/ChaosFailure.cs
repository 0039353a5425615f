namespace Tiercel.Simulation.Chaos;

/// <summary>A seed that failed, and the least that still fails in the same way.</summary>
internal sealed record ChaosFailure(ChaosOptions Drawn, ChaosOptions Least, Exception Error)
{
    public string Invariant => ChaosSeeds.NameOf(Error);

    public override string ToString() => $"seed {Drawn.Seed}: {Error.Message}\n  least that fails: {Least}\n  {Error.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}";
}

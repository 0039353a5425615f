namespace Tiercel.Simulation.Chaos;

/// <summary>What the gateway sends to a worker: a request, and with a resume what of each choice the client has.</summary>
internal sealed record Submission(SimulatedRequest Request, IReadOnlyList<(int[] Tokens, bool Finished)>? Resumed)
{
    /// <summary>Roles have been said.</summary>
    public bool SkipsRoles => Resumed is not null;
}

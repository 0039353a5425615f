namespace Tiercel.Engine.Kernels;

/// <summary>Y = X Wᵀ for one or several W that share X, in one pass of the team.</summary>
public static class Projection
{
    /// <summary>
    /// Computes all targets. An output depends on its row and its weights alone, in a fixed order of summation: never on the other rows, on
    /// the number of threads or on the other targets (promise P2).
    /// </summary>
    public static void Run(ThreadTeam team, ActivationRows input, ReadOnlySpan<ProjectionTarget> targets) => throw new NotImplementedException();
}

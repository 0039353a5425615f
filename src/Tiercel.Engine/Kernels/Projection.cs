namespace Tiercel.Engine.Kernels;

/// <summary>Y = X Wᵀ for one or several W that share X, in one pass of the team.</summary>
public static class Projection
{
    /// <summary>
    /// Computes all targets. An output depends on its row and its weights alone, in a fixed order of summation: never on the other rows, on
    /// the number of threads or on the other targets (promise P2).
    /// </summary>
    public static void Run(ThreadTeam team, ActivationRows input, ReadOnlySpan<ProjectionTarget> targets)
    {
        ArgumentNullException.ThrowIfNull(team);
        ArgumentNullException.ThrowIfNull(input);
        foreach (ProjectionTarget target in targets)
        {
            Check(input, target);
        }

        input.Work.Run(team, input, targets);
    }

    private static void Check(ActivationRows input, ProjectionTarget target)
    {
        if (target.Weights.Inputs != input.Rows.Columns)
        {
            throw new ArgumentException($"the weights take {target.Weights.Inputs} inputs, the rows have {input.Rows.Columns}", nameof(target));
        }

        if (target.Output.Columns != target.Weights.Outputs || target.Output.RowCount != input.Rows.RowCount)
        {
            throw new ArgumentException(
                $"the output is [{target.Output.RowCount}, {target.Output.Columns}] and should be [{input.Rows.RowCount}, {target.Weights.Outputs}]",
                nameof(target));
        }
    }
}

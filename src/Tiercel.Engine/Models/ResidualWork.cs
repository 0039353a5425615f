using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>Adds what a block computed to the residual stream, with the norms around it, and normalises for the next block.</summary>
internal sealed class ResidualWork(ModelSpec spec, StepScratch scratch) : RowWork
{
    private float[]? _bias;
    private NormWeights? _after;
    private NormWeights? _next;

    /// <param name="team">Threads.</param>
    /// <param name="rowCount">Rows of <see cref="StepScratch.Block"/>.</param>
    /// <param name="bias">[embedding length], added first, or null.</param>
    /// <param name="after">Norm of the block's result, or of the sum, as the placement says.</param>
    /// <param name="next">Norm that the next block reads through, or null.</param>
    public void Run(ThreadTeam team, int rowCount, float[]? bias, NormWeights? after, NormWeights? next)
    {
        _bias = bias;
        _after = after;
        _next = next;
        Run(team, rowCount);
    }

    protected override void Row(int row)
    {
        Span<float> block = scratch.Block[row];
        Span<float> x = scratch.Residual[row];
        if (_bias is not null)
        {
            RowArithmetic.Add(_bias, block);
        }

        if (spec.NormPlacement == NormPlacement.AfterResidual)
        {
            RowArithmetic.Add(block, x);
            _after?.Apply(x, x);
            return;
        }

        _after?.Apply(block, block);
        RowArithmetic.AddScaled(block, spec.ResidualScale, x);
        _next?.Apply(x, scratch.Normed[row]);
    }
}

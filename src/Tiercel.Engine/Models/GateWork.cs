using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>The activation of a feed-forward network: rows of gate and up become rows of what the down projection reads, in the gate's place.</summary>
internal sealed class GateWork(ModelSpec spec) : RowWork
{
    private FloatRows _rows;
    private int _inner;
    private float[]? _bias;

    /// <param name="team">Threads.</param>
    /// <param name="rows">[rows, 2 * inner] (gate, up), or [rows, inner] where there is no gate.</param>
    /// <param name="inner">Width of the network.</param>
    /// <param name="bias">As wide as the rows, or null.</param>
    public void Run(ThreadTeam team, FloatRows rows, int inner, float[]? bias)
    {
        _rows = rows;
        _inner = inner;
        _bias = bias;
        Run(team, rows.RowCount);
    }

    protected override void Row(int row)
    {
        Span<float> values = _rows[row];
        if (_bias is not null)
        {
            RowArithmetic.Add(_bias, values);
        }

        if (spec.Activation == ActivationKind.GeluErf)
        {
            Activations.GeluErf(values);
        }
        else
        {
            Activations.Gated(spec.Activation, values[.._inner], values.Slice(_inner, _inner));
        }
    }
}

using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>Runs a dense feed-forward network on the rows of a step.</summary>
internal sealed class FeedForward(ModelSpec spec, StepScratch scratch)
{
    private readonly GateWork _gate = new(spec);
    private readonly ProjectionTarget[] _targets = new ProjectionTarget[2];

    /// <param name="team">Threads.</param>
    /// <param name="weights">The network.</param>
    /// <param name="input">[rows, embedding length].</param>
    public void Run(ThreadTeam team, FeedForwardWeights weights, FloatRows input)
    {
        int inner = spec.FeedForwardLength;
        FloatRows gateUp = scratch.GateUp.Rows(0, input.RowCount);
        FloatRows used = spec.Activation == ActivationKind.GeluErf ? gateUp.Slice(0, inner) : gateUp;
        int first = 0;
        for (int i = 0; i < weights.GateUp.Length; i++)
        {
            _targets[i] = new ProjectionTarget(weights.GateUp[i].Matrix, used.Slice(first, weights.GateUp[i].Outputs));
            first += weights.GateUp[i].Outputs;
        }

        scratch.Activations.Load(team, input);
        Projection.Run(team, scratch.Activations, _targets.AsSpan(0, weights.GateUp.Length));
        _gate.Run(team, used, inner, weights.GateUpBias);
        scratch.Activations.Load(team, used.Slice(0, inner));
        _targets[0] = new ProjectionTarget(weights.Down.Matrix, scratch.Block.Rows(0, input.RowCount));
        Projection.Run(team, scratch.Activations, _targets.AsSpan(0, 1));
    }
}

using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>The results of a step. Output i is the i-th wanted row; the last layer computes only those rows.</summary>
internal sealed class StepOutputs(ModelSpec spec, ModelWeights weights, StepScratch scratch)
{
    private readonly ProjectionTarget[] _targets = new ProjectionTarget[1];
    private readonly List<(StepOutputKind Kind, int Slot)> _results = [];

    public Span<float> this[int index]
    {
        get
        {
            (StepOutputKind kind, int slot) = _results[index];
            return kind == StepOutputKind.Logits ? scratch.Logits[slot] : scratch.Hidden[slot];
        }
    }

    /// <summary>Moves the wanted rows of the residual stream and of the attention's result to the front; returns their number.</summary>
    public int KeepWanted(StepBatch batch)
    {
        for (int i = 0; i < batch.Outputs.Count; i++)
        {
            // Rows ascend, so a row moves forward or stays.
            int row = batch.Outputs[i].Row;
            if (row != i)
            {
                scratch.Residual[row].CopyTo(scratch.Residual[i]);
                scratch.Attention[row].CopyTo(scratch.Attention[i]);
            }
        }

        return batch.Outputs.Count;
    }

    /// <summary>Final norm and output projection of the wanted rows, which lie at the front of the residual stream.</summary>
    public void Compute(ThreadTeam team, StepBatch batch)
    {
        _results.Clear();
        int logits = 0;
        for (int i = 0; i < batch.Outputs.Count; i++)
        {
            bool isLogits = batch.Outputs[i].Kind == StepOutputKind.Logits;
            int slot = isLogits ? logits++ : i;
            Span<float> destination = isLogits ? scratch.LogitInputs[slot] : scratch.Hidden[slot];
            scratch.Residual[i].CopyTo(destination);
            weights.OutputNorm?.Apply(destination, destination);
            _results.Add((batch.Outputs[i].Kind, slot));
        }

        if (logits > 0)
        {
            scratch.Activations.Load(team, scratch.LogitInputs.Rows(0, logits));
            _targets[0] = new ProjectionTarget(weights.Output!.Matrix, scratch.Logits.Rows(0, logits));
            Projection.Run(team, scratch.Activations, _targets);
            FinishLogits(logits);
        }
    }

    private void FinishLogits(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Span<float> row = scratch.Logits[i];
            if (weights.OutputBias is not null)
            {
                RowArithmetic.Add(weights.OutputBias, row);
            }

            if (spec.LogitScale != 1)
            {
                RowArithmetic.Scale(row, spec.LogitScale);
            }

            if (spec.LogitSoftCap > 0)
            {
                RowArithmetic.SoftCap(row, spec.LogitSoftCap);
            }
        }
    }
}

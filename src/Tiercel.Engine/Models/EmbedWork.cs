using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>First phase of a step: looks the tokens up, computes the angles of their positions, and normalises for the first layer.</summary>
internal sealed class EmbedWork(ModelSpec spec, ModelWeights weights, StepScratch scratch) : RowWork
{
    private StepBatch _batch = new();

    public void Run(ThreadTeam team, StepBatch batch)
    {
        _batch = batch;
        Run(team, batch.Tokens.Count);
    }

    protected override void Row(int row)
    {
        Span<float> x = scratch.Residual[row];
        int position = _batch.Positions[row];
        weights.TokenTable.Read(_batch.Tokens[row], x);
        if (spec.EmbeddingScale != 1)
        {
            RowArithmetic.Scale(x, spec.EmbeddingScale);
        }

        if (weights.TokenType is not null)
        {
            RowArithmetic.Add(weights.TokenType, x);
        }

        if (weights.PositionTable is not null)
        {
            Span<float> learned = scratch.Normed[row];
            weights.PositionTable.Read(position, learned);
            RowArithmetic.Add(learned, x);
        }

        weights.EmbeddingNorm?.Apply(x, x);
        weights.Layers[0].AttentionNorm?.Apply(x, scratch.Normed[row]);
        for (int i = 0; i < weights.Rotations.Length; i++)
        {
            weights.Rotations[i].Fill(position, scratch.Rotations[i][row]);
        }
    }
}

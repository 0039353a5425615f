using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>The router and the experts of one layer.</summary>
internal sealed class ExpertWeights : IDisposable
{
    public ExpertWeights(TensorSource source, ModelSpec spec, string prefix)
    {
        ExpertSpec experts = spec.Experts!;
        int width = spec.EmbeddingLength;
        int inner = experts.FeedForwardLength;
        Router = source.Matrix($"{prefix}ffn_gate_inp.weight", width, experts.Count);
        RouterBias = source.OptionalVector($"{prefix}ffn_gate_inp.bias", experts.Count);
        Gate = source.Experts($"{prefix}ffn_gate_exps.weight", width, inner, experts.Count);
        Up = source.Experts($"{prefix}ffn_up_exps.weight", width, inner, experts.Count);
        Down = source.Experts($"{prefix}ffn_down_exps.weight", inner, width, experts.Count);
        DownBias = source.OptionalVectors($"{prefix}ffn_down_exps.bias", width, experts.Count);
        float[][]? gateBias = source.OptionalVectors($"{prefix}ffn_gate_exps.bias", inner, experts.Count);
        float[][]? upBias = source.OptionalVectors($"{prefix}ffn_up_exps.bias", inner, experts.Count);
        GateUpBias = [.. Enumerable.Range(0, experts.Count).Select(i => FeedForwardWeights.Join(gateBias?[i], upBias?[i], inner))];
    }

    public WeightMatrix Router { get; }

    public float[]? RouterBias { get; }

    public WeightMatrix[] Gate { get; }

    public WeightMatrix[] Up { get; }

    public WeightMatrix[] Down { get; }

    /// <summary>For each expert [2 * expert width], or null.</summary>
    public float[]?[] GateUpBias { get; }

    public float[][]? DownBias { get; }

    public long ByteCount => Router.ByteCount + All.Sum(matrix => matrix.ByteCount);

    private IEnumerable<WeightMatrix> All => [.. Gate, .. Up, .. Down];

    public void Dispose()
    {
        Router.Dispose();
        foreach (WeightMatrix matrix in All)
        {
            matrix.Dispose();
        }
    }
}

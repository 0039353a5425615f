namespace Tiercel.Engine.Models;

/// <summary>The router and the experts of one layer.</summary>
internal sealed class ExpertWeights
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

    public StoredMatrix Router { get; }

    public float[]? RouterBias { get; }

    public StoredMatrix[] Gate { get; }

    public StoredMatrix[] Up { get; }

    public StoredMatrix[] Down { get; }

    /// <summary>For each expert [2 * expert width], or null.</summary>
    public float[]?[] GateUpBias { get; }

    public float[][]? DownBias { get; }
}

namespace Tiercel.Engine.Models;

/// <summary>A dense feed-forward network: (gate and) up, then down.</summary>
internal sealed class FeedForwardWeights
{
    public FeedForwardWeights(TensorSource source, ModelSpec spec, string prefix)
    {
        int width = spec.EmbeddingLength;
        int inner = spec.FeedForwardLength;
        bool gated = spec.Activation != ActivationKind.GeluErf;
        if (spec.FusedGateUp)
        {
            GateUp = [source.Matrix($"{prefix}ffn_up.weight", width, checked(2 * inner))];
            GateUpBias = source.OptionalVector($"{prefix}ffn_up.bias", 2 * inner);
        }
        else
        {
            GateUp = gated
                ? [source.Matrix($"{prefix}ffn_gate.weight", width, inner), source.Matrix($"{prefix}ffn_up.weight", width, inner)]
                : [source.Matrix($"{prefix}ffn_up.weight", width, inner)];
            GateUpBias = Join(gated ? source.OptionalVector($"{prefix}ffn_gate.bias", inner) : [], source.OptionalVector($"{prefix}ffn_up.bias", inner), inner);
        }

        Down = source.Matrix($"{prefix}ffn_down.weight", inner, width);
        DownBias = source.OptionalVector($"{prefix}ffn_down.bias", width);
    }

    /// <summary>Gate and up, or one matrix with the rows of both; without a gate only up.</summary>
    public StoredMatrix[] GateUp { get; }

    public float[]? GateUpBias { get; }

    public StoredMatrix Down { get; }

    public float[]? DownBias { get; }

    /// <summary>Gate and up biases as one; an absent one beside a present one is zero. An empty gate means that there is no gate.</summary>
    internal static float[]? Join(float[]? gate, float[]? up, int inner)
        => gate is null or { Length: 0 } && up is null ? null : [.. gate ?? new float[inner], .. up ?? new float[inner]];
}

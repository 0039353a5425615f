using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Models.Families;

/// <summary>The encoder bert: learned positions and token types, LayerNorm after each residual, attention both ways.</summary>
internal static class BertFamily
{
    public static ModelSpec Map(ModelSpec common, ModelKeys keys)
    {
        if (keys.Flag("attention.causal") == true)
        {
            throw new ModelFormatException("a bert model with 'bert.attention.causal' true is not supported");
        }

        return common with
        {
            IsCausal = false,
            Norm = NormKind.Layer,
            NormEpsilon = keys.Positive("attention.layer_norm_epsilon") ?? 1e-12f,
            NormPlacement = NormPlacement.AfterResidual,
            Activation = ActivationKind.GeluErf,
            RotaryLength = 0,
            Rotaries = [],
            Layers = [.. Enumerable.Repeat(new LayerSpec(0, -1), common.LayerCount)],
            TokenTypeCount = (int)(keys.FindTensor("token_types.weight")?.Rows ?? 0),
            Pooling = (keys.Integer("pooling_type", 0, 4) ?? 0) == 0 ? PoolingKind.Mean : common.Pooling,
        };
    }
}

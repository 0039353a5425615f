namespace Tiercel.Engine.Models.Families;

/// <summary>gpt-oss: experts chosen before their softmax, biases everywhere, attention sinks, a window on every other layer.</summary>
internal static class GptOssFamily
{
    public static ModelSpec Map(ModelSpec common, ModelKeys keys)
    {
        int window = keys.RequiredInteger("attention.sliding_window", 1, int.MaxValue);
        keys.RequiredInteger("expert_count", 1, 4096);
        bool[] windowed = keys.WindowPattern(common.LayerCount, 2);
        RotarySpec all = common.Rotaries[0];
        RotarySpec local = all with { FrequencyBase = keys.Positive("rope.freq_base_swa") ?? all.FrequencyBase };
        return common with
        {
            RotaryOrder = RotaryOrder.Halves,
            Activation = ActivationKind.ClampedSwiglu,
            AttentionSinks = true,
            FeedForwardNormName = "post_attention_norm",
            Experts = common.Experts! with { Weighting = ExpertWeighting.SelectThenSoftmax },
            Rotaries = [all, local],
            Layers = [.. windowed.Select(isWindowed => isWindowed ? new LayerSpec(window, 1) : new LayerSpec(0, 0))],
        };
    }
}

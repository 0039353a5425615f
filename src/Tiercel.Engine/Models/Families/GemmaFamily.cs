namespace Tiercel.Engine.Models.Families;

/// <summary>Gemma 2 and 3: embeddings scaled by sqrt(width), norms before and after each block, windows on most layers. RMS weights hold 1 + w already.</summary>
internal static class GemmaFamily
{
    // The 27B models, known by their depth, scale scores by the embedding's share of a head instead of the head's own length.
    private const int Gemma2LargeLayers = 46;
    private const int Gemma3LargeLayers = 62;

    public static ModelSpec MapGemma2(ModelSpec common, ModelKeys keys)
    {
        int window = keys.Integer("attention.sliding_window", 1, int.MaxValue) ?? 4096;
        bool[] windowed = keys.WindowPattern(common.LayerCount, 2);
        return Map(common, Gemma2LargeLayers) with
        {
            AttentionSoftCap = keys.Positive("attn_logit_softcapping") ?? 50,
            LogitSoftCap = keys.Positive("final_logit_softcapping") ?? 30,
            Layers = [.. windowed.Select(isWindowed => new LayerSpec(isWindowed ? window : 0, 0))],
        };
    }

    /// <summary>Windowed layers rotate with a base of their own and without scaling.</summary>
    public static ModelSpec MapGemma3(ModelSpec common, ModelKeys keys)
    {
        int window = keys.Integer("attention.sliding_window", 1, int.MaxValue) ?? 0;
        bool[] windowed = keys.WindowPattern(common.LayerCount, 6);
        RotarySpec all = common.Rotaries[0];
        RotarySpec local = all with { FrequencyBase = keys.Positive("rope.freq_base_swa") ?? 10000, FrequencyScale = 1 };
        return Map(common, Gemma3LargeLayers) with
        {
            QueryKeyNorm = QueryKeyNorm.PerHead,
            LogitSoftCap = keys.Positive("final_logit_softcapping") ?? 0,
            Rotaries = [all, local],
            Layers = [.. windowed.Select(isWindowed => isWindowed && window > 0 ? new LayerSpec(window, 1) : new LayerSpec(0, 0))],
        };
    }

    private static ModelSpec Map(ModelSpec common, int largeLayers) => common with
    {
        RotaryOrder = RotaryOrder.Halves,
        NormPlacement = NormPlacement.BeforeAndAfter,
        Activation = ActivationKind.GeluGated,
        EmbeddingScale = MathF.Sqrt(common.EmbeddingLength),
        AttentionScale = (float)(1 / Math.Sqrt(common.LayerCount == largeLayers ? (double)common.EmbeddingLength / common.HeadCount : common.KeyLength)),
    };
}

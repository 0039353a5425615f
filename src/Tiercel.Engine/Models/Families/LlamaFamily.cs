namespace Tiercel.Engine.Models.Families;

/// <summary>Llama and its close relatives (Mistral, SmolLM, Mixtral, TinyLlama among them): the common description, with adjacent rotary pairs.</summary>
internal static class LlamaFamily
{
    public static ModelSpec Map(ModelSpec common, ModelKeys keys) => common;

    /// <summary>Four scale factors; logits are divided by theirs.</summary>
    public static ModelSpec MapGranite(ModelSpec common, ModelKeys keys) => common with
    {
        EmbeddingScale = keys.Positive("embedding_scale") ?? 1,
        ResidualScale = keys.Positive("residual_scale") ?? 1,
        LogitScale = 1 / (keys.Positive("logit_scale") ?? 1),
    };

    /// <summary>Queries grow with the position once the original context is exceeded.</summary>
    public static ModelSpec MapMistral3(ModelSpec common, ModelKeys keys)
    {
        float scale = keys.Number("attention.temperature_scale") ?? 0;
        return scale == 0 ? common : common with { Temperature = new AttentionTemperature(scale, common.Rotaries[0].OriginalContextLength) };
    }

    /// <summary>Every fourth layer has no position encoding.</summary>
    public static ModelSpec MapSmolLm3(ModelSpec common, ModelKeys keys) => common with
    {
        Layers = [.. common.Layers.Select((layer, index) => (index + 1) % 4 == 0 ? layer with { Rotary = -1 } : layer)],
    };
}

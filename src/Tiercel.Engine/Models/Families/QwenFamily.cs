namespace Tiercel.Engine.Models.Families;

/// <summary>Qwen 2, Qwen 3 and its mixture of experts. Biases are taken where the file has them.</summary>
internal static class QwenFamily
{
    public static ModelSpec MapQwen2(ModelSpec common, ModelKeys keys) => common with { RotaryOrder = RotaryOrder.Halves };

    public static ModelSpec MapQwen3(ModelSpec common, ModelKeys keys) => common with
    {
        RotaryOrder = RotaryOrder.Halves,
        QueryKeyNorm = QueryKeyNorm.PerHead,
    };
}

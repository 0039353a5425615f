namespace Tiercel.Engine.Models.Families;

/// <summary>OLMo 2, and OLMo 3, which stores itself under the same name with windows on three layers of four.</summary>
internal static class OlmoFamily
{
    public static ModelSpec Map(ModelSpec common, ModelKeys keys)
    {
        ModelSpec spec = common with
        {
            RotaryOrder = RotaryOrder.Halves,
            NormPlacement = NormPlacement.After,
            QueryKeyNorm = QueryKeyNorm.WholeRow,
        };
        int window = keys.Integer("attention.sliding_window", 0, int.MaxValue) ?? 0;
        if (window == 0)
        {
            return spec;
        }

        // Windowed layers use the plain rotation: neither interpolation nor YaRN.
        RotarySpec all = common.Rotaries[0];
        RotarySpec local = new() { FrequencyBase = keys.Positive("rope.freq_base_swa") ?? all.FrequencyBase, OriginalContextLength = all.OriginalContextLength };
        bool[] windowed = keys.WindowPattern(common.LayerCount, 4);
        return spec with
        {
            Rotaries = [all, local],
            Layers = [.. windowed.Select(isWindowed => isWindowed ? new LayerSpec(window, 1) : new LayerSpec(0, 0))],
        };
    }
}

using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Models;

/// <summary>Reads the keys under <c>rope.</c> into a <see cref="RotarySpec"/>.</summary>
internal static class RotaryScaling
{
    public static RotarySpec Read(ModelKeys keys, int trainedContext)
    {
        // Files from before the type was stored mean linear scaling when they give a factor.
        string kind = keys.Text("rope.scaling.type") ?? "linear";
        if (kind is not ("none" or "linear" or "yarn" or "longrope"))
        {
            throw new ModelFormatException($"metadata key '{keys.Name("rope.scaling.type")}' is '{kind}'; known are none, linear, yarn and longrope");
        }

        float factor = keys.Number("rope.scaling.factor") ?? keys.Number("rope.scale_linear") ?? 0;
        if (factor < 0)
        {
            throw new ModelFormatException($"metadata key '{keys.Name("rope.scaling.factor")}' is {factor}; it must not be negative");
        }

        bool scaled = factor > 0 && kind != "none";
        RotarySpec spec = new()
        {
            FrequencyBase = keys.Positive("rope.freq_base") ?? 10000,
            FrequencyScale = scaled ? 1 / factor : 1,
            OriginalContextLength = keys.Integer("rope.scaling.original_context_length", 1, 1 << 27) ?? trainedContext,
            Magnitude = keys.Positive("rope.scaling.attn_factor") ?? 1,
            FactorsTensor = keys.HasTensor("rope_freqs.weight") ? "rope_freqs.weight" : null,
        };
        return kind == "yarn" ? WithYarn(spec, keys, Math.Max(factor, 1)) : spec;
    }

    /// <summary>
    /// YaRN lengthens queries and keys by 1 + 0.1 ln(factor). Files that carry a log multiplier m (deepseek, mistral) divide that by 1 + 0.1 m ln(factor).
    /// </summary>
    private static RotarySpec WithYarn(RotarySpec spec, ModelKeys keys, float factor)
    {
        double log = 0.1 * Math.Log(factor);
        float multiplier = keys.Number("rope.scaling.yarn_log_multiplier") ?? 0;
        double magnitude = multiplier == 0 ? 1 + log : (1 + log) / (1 + (multiplier * log));
        return spec with
        {
            YarnMix = keys.Number("rope.scaling.yarn_ext_factor") ?? 1,
            YarnBetaFast = keys.Positive("rope.scaling.yarn_beta_fast") ?? 32,
            YarnBetaSlow = keys.Positive("rope.scaling.yarn_beta_slow") ?? 1,
            Magnitude = spec.Magnitude * (float)magnitude,
        };
    }
}

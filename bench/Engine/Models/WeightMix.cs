using Tiercel.Engine.Formats;

namespace Tiercel.Bench.Engine.Models;

/// <summary>Which type each tensor of a file has: the rules by which llama.cpp's quantiser makes files of that name (tied output table: Q6_K, but Q8_0 and F16 stay).</summary>
internal static class WeightMix
{
    /// <summary>The types that can be asked for.</summary>
    public static IReadOnlyList<string> Names { get; } = ["q8_0", "q4_0", "q4_k_m", "q6_k", "f16"];

    /// <summary>Type of a matrix.</summary>
    /// <param name="mix">One of <see cref="Names"/>.</param>
    /// <param name="tensor">Name without layer and suffix: <c>attn_v</c>, <c>token_embd</c>.</param>
    public static TensorType Of(string mix, string tensor, int layer, int layers) => mix switch
    {
        "q8_0" => TensorType.Q8_0,
        "f16" => TensorType.F16,
        "q6_k" => TensorType.Q6_K,
        "q4_0" => tensor == "token_embd" ? TensorType.Q6_K : TensorType.Q4_0,
        "q4_k_m" => tensor == "token_embd" || (tensor is "attn_v" or "ffn_down" && GetsMoreBits(layer, layers)) ? TensorType.Q6_K : TensorType.Q4_K,
        _ => throw new ArgumentException($"no mix '{mix}'; there are {string.Join(", ", Names)}", nameof(mix)),
    };

    /// <summary>The first and last eighth of the layers, and every third between them.</summary>
    private static bool GetsMoreBits(int layer, int layers)
        => layer < layers / 8 || layer >= 7 * layers / 8 || (layer - (layers / 8)) % 3 == 2;
}

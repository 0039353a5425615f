using Tiercel.Engine.Formats;
using Tiercel.Engine.Models.Families;

namespace Tiercel.Engine.Models;

/// <summary>The architectures that are known, each with the mapping from its keys.</summary>
internal static class ModelFamilies
{
    private static readonly SortedDictionary<string, Mapping> Known = new(StringComparer.Ordinal)
    {
        ["bert"] = BertFamily.Map,
        ["gemma2"] = GemmaFamily.MapGemma2,
        ["gemma3"] = GemmaFamily.MapGemma3,
        ["gpt-oss"] = GptOssFamily.Map,
        ["granite"] = LlamaFamily.MapGranite,
        ["llama"] = LlamaFamily.Map,
        ["mistral3"] = LlamaFamily.MapMistral3,
        ["olmo2"] = OlmoFamily.Map,
        ["phi3"] = PhiFamily.Map,
        ["qwen2"] = QwenFamily.MapQwen2,
        ["qwen3"] = QwenFamily.MapQwen3,
        ["qwen3moe"] = QwenFamily.MapQwen3,
        ["smollm3"] = LlamaFamily.MapSmolLm3,
    };

    /// <summary>Adds what a family knows to what all share.</summary>
    internal delegate ModelSpec Mapping(ModelSpec common, ModelKeys keys);

    public static Mapping Find(string architecture) => Known.TryGetValue(architecture, out Mapping? mapping)
        ? mapping
        : throw new ModelFormatException($"architecture '{architecture}' is not known; known are {string.Join(", ", Known.Keys)}");
}

using Tiercel.Engine.Formats;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Serving;

/// <summary>Puts a loaded model into words.</summary>
internal static class EngineModelDescription
{
    public static ModelDescription Of(GgufFile file, TransformerModel model, InferenceEngineOptions options, int contextLength) => new()
    {
        NumericsId = NumericsIds.Of(file, options, contextLength),
        Name = options.ModelName ?? Path.GetFileNameWithoutExtension(file.Path),
        Architecture = model.Spec.Architecture,
        Path = file.Path,
        WeightType = MostCommonType(file).ToString(),
        ParameterCount = file.Tensors.Values.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size)),
        WeightBytes = model.WeightBytes,
        Cost = TokenCost.Of(file, model.Spec, options.KvType),
        ContextLength = contextLength,
        TrainedContextLength = model.Spec.TrainedContextLength,
        VocabularySize = model.Spec.VocabularySize,
        EmbeddingLength = model.Spec.EmbeddingLength,
        CanGenerate = model.Spec.IsCausal,
        Created = new DateTimeOffset(File.GetLastWriteTimeUtc(file.Path), TimeSpan.Zero),
    };

    /// <summary>The type that holds most of the parameters' bytes.</summary>
    private static TensorType MostCommonType(GgufFile file) => file.Tensors.Values
        .GroupBy(tensor => tensor.Type)
        .OrderByDescending(group => group.Sum(tensor => tensor.ByteCount))
        .ThenBy(group => group.Key)
        .Select(group => group.Key)
        .First();
}

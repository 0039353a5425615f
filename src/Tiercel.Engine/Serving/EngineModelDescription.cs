using Tiercel.Engine.Formats;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Serving;

/// <summary>Puts a loaded model into words.</summary>
internal static class EngineModelDescription
{
    public static ModelDescription Of(GgufFile file, string numericsId, TransformerModel model, InferenceEngineOptions options, int contextLength) => new()
    {
        NumericsId = numericsId,
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

    /// <summary>The type that holds most of the parameters' bytes; of two alike the one with the smaller number.</summary>
    private static TensorType MostCommonType(GgufFile file)
    {
        SortedList<uint, long> bytes = [];
        foreach (GgufTensor tensor in file.Tensors.Values)
        {
            bytes[(uint)tensor.Type] = bytes.GetValueOrDefault((uint)tensor.Type) + tensor.ByteCount;
        }

        return (TensorType)bytes.MaxBy(type => type.Value).Key;
    }
}

using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>All weights of a model.</summary>
internal sealed class ModelWeights : IDisposable
{
    private WeightStore? _store;

    private ModelWeights(TensorSource source, ModelSpec spec)
    {
        int width = spec.EmbeddingLength;
        TokenTable = source.Table("token_embd.weight", width, spec.VocabularySize);
        if (spec.TokenTypeCount > 0)
        {
            // Only the first type is ever used: a text is one segment.
            TokenType = new float[width];
            source.Table("token_types.weight", width, spec.TokenTypeCount).Read(0, TokenType);
        }

        if (spec.IsCausal)
        {
            OutputNorm = NormWeights.Load(source, spec, "output_norm", width);
            Output = source.Matrix(source.Has("output.weight") ? "output.weight" : "token_embd.weight", width, spec.VocabularySize);
            OutputBias = source.OptionalVector("output.bias", spec.VocabularySize);
        }
        else
        {
            PositionTable = source.Table("position_embd.weight", width, spec.TrainedContextLength);
            EmbeddingNorm = NormWeights.Load(source, spec, "token_embd_norm", width);
        }

        Rotations = [.. spec.Rotaries.Select(rotary => new RotaryTable(
            rotary, spec.RotaryLength, rotary.FactorsTensor is null ? null : source.Vector(rotary.FactorsTensor, spec.RotaryLength / 2)))];
        foreach (string name in (ReadOnlySpan<string>)["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"])
        {
            source.Ignore(name);
        }

        Layers = [.. Enumerable.Range(0, spec.LayerCount).Select(layer => LayerWeights.Load(source, spec, layer))];
    }

    public StoredRows TokenTable { get; }

    public StoredRows? PositionTable { get; }

    public float[]? TokenType { get; }

    public NormWeights? EmbeddingNorm { get; }

    public LayerWeights[] Layers { get; }

    public RotaryTable[] Rotations { get; }

    public NormWeights? OutputNorm { get; }

    /// <summary>Null for encoders.</summary>
    public StoredMatrix? Output { get; }

    public float[]? OutputBias { get; }

    public long ByteCount => _store?.ByteCount ?? 0;

    /// <summary>Checks every tensor, then repacks the matrices: a wrong file costs no time and no memory.</summary>
    public static ModelWeights Load(GgufFile file, ModelSpec spec, WeightPrecision precision, ThreadTeam team)
    {
        TensorSource source = new(file);
        ModelWeights weights = new(source, spec);
        source.CheckAllTaken(spec.Architecture);
        weights._store = WeightStore.Load([.. source.Matrices.Select(matrix => matrix.Tensor)], precision, team);
        for (int i = 0; i < source.Matrices.Count; i++)
        {
            source.Matrices[i].Matrix = weights._store.Matrices[i];
        }

        return weights;
    }

    public void Dispose() => _store?.Dispose();
}

namespace Tiercel.Engine.Models;

/// <summary>A transformer described by data; read from the metadata of a model file.</summary>
public sealed record ModelSpec
{
    public required string Architecture { get; init; }

    public int VocabularySize { get; init; }

    public int EmbeddingLength { get; init; }

    public int LayerCount { get; init; }

    /// <summary>Tokens of context the model was trained for.</summary>
    public int TrainedContextLength { get; init; }

    /// <summary>False for encoders: they attend both ways and keep no cache.</summary>
    public bool IsCausal { get; init; } = true;
}

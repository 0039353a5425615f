namespace Tiercel.Engine.Models;

/// <summary>What a person or a client may want to know of a loaded model.</summary>
public sealed record ModelDescription
{
    /// <summary>The name it is served under.</summary>
    public required string Name { get; init; }

    /// <summary>The GGUF architecture, <c>general.architecture</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The file it was read from.</summary>
    public required string Path { get; init; }

    /// <summary>Weight type of most of the parameters, in GGUF's words ("Q8_0").</summary>
    public required string WeightType { get; init; }

    public long ParameterCount { get; init; }

    /// <summary>Bytes of weights in memory.</summary>
    public long WeightBytes { get; init; }

    /// <summary>What a token costs at least; null where it is not known.</summary>
    public TokenCost? Cost { get; init; }

    /// <summary>Tokens of context that one request may use here (not what the model was trained for).</summary>
    public int ContextLength { get; init; }

    /// <summary>Tokens of context the model was trained for.</summary>
    public int TrainedContextLength { get; init; }

    public int VocabularySize { get; init; }

    public int EmbeddingLength { get; init; }

    /// <summary>False for encoders, which only embed.</summary>
    public bool CanGenerate { get; init; } = true;

    /// <summary>When the model file was last written.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>
    /// Engines of one id give the same request the same bytes, so that one can go on where another stopped. Empty where nothing is promised. See
    /// <c>Serving/NumericsIds</c> for what it is made of.
    /// </summary>
    public string NumericsId { get; init; } = "";
}

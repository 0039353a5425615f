namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel show</c> tells of a model file.</summary>
internal sealed record ShownModel
{
    public required string Name { get; init; }

    public required string Path { get; init; }

    public required long SizeBytes { get; init; }

    public required string Architecture { get; init; }

    public string? Title { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Weight type of most bytes.</summary>
    public required string Quantization { get; init; }

    /// <summary>In tokens, as trained.</summary>
    public long? ContextLength { get; init; }

    public long? EmbeddingLength { get; init; }

    public long? BlockCount { get; init; }

    public long? VocabularySize { get; init; }

    public string? License { get; init; }

    public bool HasChatTemplate { get; init; }

    /// <summary>Tensors of each type.</summary>
    public required IReadOnlyDictionary<string, int> Tensors { get; init; }

    /// <summary>All metadata as text, arrays by their length; only with <c>--metadata</c>.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

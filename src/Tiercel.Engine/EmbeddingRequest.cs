namespace Tiercel.Engine;

/// <summary>One text to embed, in tokens, special tokens included.</summary>
public sealed record EmbeddingRequest
{
    public required string Id { get; init; }

    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>See <see cref="GenerationRequest.CacheSalt"/>.</summary>
    public string CacheSalt { get; init; } = "";

    /// <summary>See <see cref="GenerationRequest.Priority"/>.</summary>
    public int Priority { get; init; }
}

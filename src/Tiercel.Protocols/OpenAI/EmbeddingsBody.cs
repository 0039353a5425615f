namespace Tiercel.Protocols.OpenAI;

/// <summary>The body of an embeddings request, checked.</summary>
public sealed class EmbeddingsBody
{
    public string? Model { get; set; }

    public IReadOnlyList<PromptInput> Inputs { get; set; } = [];

    /// <summary>Whether vectors are sent as base64 of little-endian 32-bit floats; both official clients ask for it.</summary>
    public bool Base64 { get; set; }

    public int? Dimensions { get; set; }

    public int Priority { get; set; }
}

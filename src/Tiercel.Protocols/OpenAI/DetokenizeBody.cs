namespace Tiercel.Protocols.OpenAI;

/// <summary>The body of <c>/detokenize</c>.</summary>
public sealed class DetokenizeBody
{
    public string? Model { get; set; }

    public IReadOnlyList<int>? Tokens { get; set; }
}

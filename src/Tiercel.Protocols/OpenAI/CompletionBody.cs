namespace Tiercel.Protocols.OpenAI;

/// <summary>The body of a text completion, checked.</summary>
public sealed class CompletionBody : GenerationBody
{
    /// <summary>What OpenAI generates where nothing was asked.</summary>
    public const int DefaultMaxTokens = 16;

    public IReadOnlyList<PromptInput> Prompts { get; set; } = [];

    /// <summary>Whether the prompt is part of the text (and of the log probabilities).</summary>
    public bool Echo { get; set; }

    public int? BestOf { get; set; }
}

using System.Text.Json;
using Tiercel.Engine.Templates;

namespace Tiercel.Protocols.OpenAI;

/// <summary>The body of a chat completion, checked; see <see cref="Reading.ApiParameters"/> for every field.</summary>
public sealed class ChatCompletionBody : GenerationBody
{
    public IReadOnlyList<ChatMessage> Messages { get; set; } = [];

    public bool LogprobsAsked { get; set; }

    public int? TopLogprobs { get; set; }

    public int? MaxCompletionTokens { get; set; }

    public bool AddGenerationPrompt { get; set; } = true;

    public string? ReasoningEffort { get; set; }

    public Dictionary<string, JsonElement>? TemplateArguments { get; set; }
}

using System.Text.Json;
using Tiercel.Engine.Templates;

namespace Tiercel.Protocols.OpenAI;

/// <summary>The body of <c>/tokenize</c>: a prompt or messages.</summary>
public sealed class TokenizeBody
{
    public string? Model { get; set; }

    public string? Prompt { get; set; }

    public IReadOnlyList<ChatMessage>? Messages { get; set; }

    public bool? AddSpecialTokens { get; set; }

    public bool AddGenerationPrompt { get; set; } = true;

    public bool ReturnTokenStrings { get; set; }

    public Dictionary<string, JsonElement>? TemplateArguments { get; set; }
}

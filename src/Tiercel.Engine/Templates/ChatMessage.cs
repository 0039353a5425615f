using System.Text.Json;

namespace Tiercel.Engine.Templates;

/// <summary>One message of a conversation, as templates see it.</summary>
public sealed record ChatMessage(string Role, string? Content)
{
    public string? Name { get; init; }

    /// <summary>Tool calls of an assistant message, as the OpenAI API writes them: an array.</summary>
    public JsonElement? ToolCalls { get; init; }

    public string? ToolCallId { get; init; }

    public string? ReasoningContent { get; init; }
}

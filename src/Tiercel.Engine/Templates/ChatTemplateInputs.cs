using System.Text.Json;

namespace Tiercel.Engine.Templates;

/// <summary>Everything a chat template may read.</summary>
public sealed record ChatTemplateInputs
{
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Tool definitions as the OpenAI API writes them: an array; null for none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Whether the prompt ends with the opening of an assistant message.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    public string BosToken { get; init; } = "";

    public string EosToken { get; init; } = "";

    /// <summary>Further variables (<c>enable_thinking</c>, …); they cannot replace the ones above.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Arguments { get; init; }

    /// <summary>What <c>strftime_now</c> reads.</summary>
    public DateTimeOffset Now { get; init; }
}

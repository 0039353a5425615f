using System.Text.Json;
using Tiercel.Engine.Templates;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Templates;

/// <summary>The conversations, templates and expected texts under tests/data/templates.</summary>
internal static class TemplateCases
{
    public static JsonElement Conversations { get; } = ReadJson("conversations.json");

    public static JsonElement Golden { get; } = ReadJson("golden.json");

    public static string ReadTemplate(string name) => File.ReadAllText(TestFiles.Data("templates", name));

    public static ChatTemplateInputs Conversation(string name) => Inputs(Conversations.GetProperty(name));

    public static ChatTemplateInputs Inputs(JsonElement source) => new()
    {
        Messages = [.. source.GetProperty("messages").EnumerateArray().Select(Message)],
        Tools = Optional(source, "tools"),
        AddGenerationPrompt = Optional(source, "add_generation_prompt")?.GetBoolean() ?? true,
        BosToken = Optional(source, "bos_token")?.GetString() ?? "<s>",
        EosToken = Optional(source, "eos_token")?.GetString() ?? "</s>",
        Arguments = Optional(source, "arguments")?.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value),
        Now = Golden.GetProperty("now").GetDateTimeOffset(),
    };

    public static string Text(IReadOnlyList<TextSegment> segments) => string.Concat(segments.Select(segment => segment.Text));

    public static string Render(string template, ChatTemplateInputs inputs) => Text(ChatTemplate.Parse(template).Render(inputs));

    public static ChatMessage Message(JsonElement source) => new(source.GetProperty("role").GetString()!, Optional(source, "content")?.GetString())
    {
        Name = Optional(source, "name")?.GetString(),
        ToolCallId = Optional(source, "tool_call_id")?.GetString(),
        ReasoningContent = Optional(source, "reasoning_content")?.GetString(),
        ToolCalls = Optional(source, "tool_calls"),
    };

    private static JsonElement? Optional(JsonElement source, string name) =>
        source.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static JsonElement ReadJson(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(TestFiles.Data("templates", name)));
        return document.RootElement.Clone();
    }
}

using System.Text.Json;
using Tiercel.Engine.Templates;
using static Tiercel.Protocols.Reading.ParameterTreatment;

namespace Tiercel.Protocols.Reading;

/// <summary>Reads the messages of a conversation: text only, in strings or in text parts.</summary>
internal static class MessageReader
{
    private const string NotText = "this model reads text only.";

    public static readonly ParameterTable<MessageDraft> Fields = new(
        "messages[]",
        new("role", Honoured, "system, developer, user, assistant or tool", (ref r, m) => m.Role = ReadRole(ref r)),
        new("content", Honoured, "a string, or an array of {\"type\":\"text\"} parts, which are joined by line feeds", (ref r, m) => m.Content = ReadContent(ref r, m)),
        new("name", Honoured, "given to the chat template", (ref r, m) => m.Name = r.ReadString(ApiLimits.LabelChars)),
        new("tool_call_id", Honoured, "given to the chat template", (ref r, m) => m.ToolCallId = r.ReadString(ApiLimits.LabelChars)),
        new("tool_calls", Honoured, "calls of earlier turns, given to the chat template", (ref r, m) => m.ToolCalls = ReadToolCalls(ref r)),
        new("reasoning_content", Honoured, "given to the chat template", (ref r, m) => m.Reasoning = r.ReadString()),
        new("reasoning", Honoured, "another name of reasoning_content", (ref r, m) => m.Reasoning = r.ReadString()),
        new("refusal", Refused, "only null", (ref r, _) => throw r.Unsupported("refusals are not part of any chat template.")),
        new("audio", Refused, "only null", (ref r, _) => throw r.Unsupported(NotText)),
        new("annotations", Neutral, "notes on an earlier answer; the model never reads them", (ref r, _) => { r.ExpectArray(); r.Skip(); }),
        new("function_call", Refused, "only null; tool_calls replaced it", (ref r, _) => throw r.Unsupported("use 'tool_calls'.")));

    public static readonly ParameterTable<MessageDraft> PartFields = new(
        "messages[].content[]",
        new("type", Honoured, "text", (ref r, m) => m.PartType = ReadPartType(ref r)),
        new("text", Honoured, "the text", (ref r, m) => m.PartText = r.ReadString()),
        new("cache_control", Neutral, "prefixes are cached anyway", (ref r, _) => { r.ExpectObject(); r.Skip(); }),
        new("image_url", Refused, NotText, (ref r, _) => throw r.Unsupported(NotText)),
        new("input_audio", Refused, NotText, (ref r, _) => throw r.Unsupported(NotText)),
        new("video_url", Refused, NotText, (ref r, _) => throw r.Unsupported(NotText)),
        new("file", Refused, NotText, (ref r, _) => throw r.Unsupported(NotText)));

    public static List<ChatMessage> Read(ref BodyReader reader)
    {
        reader.ExpectArray();
        List<ChatMessage> messages = [];
        MessageDraft draft = new();
        while (reader.NextElement())
        {
            reader.Enter(messages.Count);
            if (messages.Count == ApiLimits.Messages)
            {
                throw reader.TooMany(ApiLimits.Messages);
            }

            draft.Clear();
            Fields.Read(ref reader, draft);
            messages.Add(Finish(ref reader, draft));
            reader.Leave();
        }

        return messages.Count > 0 ? messages : throw reader.Invalid("'messages' must hold at least one message.");
    }

    private static ChatMessage Finish(ref BodyReader reader, MessageDraft draft)
    {
        if (draft.Role is null)
        {
            throw reader.Missing("role");
        }

        if (draft.Content is null && (draft.Role != "assistant" || draft.ToolCalls is null))
        {
            throw reader.Missing("content");
        }

        return new ChatMessage(draft.Role, draft.Content)
        {
            Name = draft.Name,
            ToolCalls = draft.ToolCalls,
            ToolCallId = draft.ToolCallId,
            ReasoningContent = draft.Reasoning,
        };
    }

    private static string ReadRole(ref BodyReader reader) => reader.ReadString(ApiLimits.LabelChars) switch
    {
        "user" => "user",
        "assistant" => "assistant",
        "system" => "system",
        "developer" => "developer",
        "tool" => "tool",
        _ => throw reader.UnsupportedValue("roles are system, developer, user, assistant and tool."),
    };

    private static string ReadContent(ref BodyReader reader, MessageDraft draft)
    {
        if (reader.Token == JsonTokenType.String)
        {
            return reader.ReadString();
        }

        if (reader.Token != JsonTokenType.StartArray)
        {
            throw reader.WrongType("a string or an array of content parts");
        }

        int count = 0;
        while (reader.NextElement())
        {
            reader.Enter(count);
            if (count++ == ApiLimits.ContentParts)
            {
                throw reader.TooMany(ApiLimits.ContentParts);
            }

            draft.PartType = draft.PartText = null;
            PartFields.Read(ref reader, draft);
            if (draft.PartType is null || draft.PartText is null)
            {
                throw reader.Missing(draft.PartType is null ? "type" : "text");
            }

            _ = count > 1 ? draft.Parts.Append('\n').Append(draft.PartText) : draft.Parts.Append(draft.PartText);
            reader.Leave();
        }

        return draft.Parts.ToString();
    }

    private static string ReadPartType(ref BodyReader reader) => reader.ReadString(ApiLimits.LabelChars) switch
    {
        "text" => "text",
        "image_url" or "input_audio" or "video_url" or "file" => throw reader.UnsupportedValue(NotText),
        _ => throw reader.UnsupportedValue("the only type of content part is 'text'."),
    };

    /// <summary>An empty array means none, as several clients send back what they received.</summary>
    private static JsonElement? ReadToolCalls(ref BodyReader reader)
    {
        reader.ExpectArray();
        JsonElement calls = reader.ReadElement(ApiLimits.FreeFormBytes);
        foreach (JsonElement call in calls.EnumerateArray())
        {
            bool whole = call.ValueKind == JsonValueKind.Object
                && call.TryGetProperty("function", out JsonElement function)
                && function.ValueKind == JsonValueKind.Object
                && function.TryGetProperty("name", out JsonElement name)
                && name.ValueKind == JsonValueKind.String
                && function.TryGetProperty("arguments", out JsonElement arguments)
                && arguments.ValueKind == JsonValueKind.String;
            if (!whole)
            {
                throw reader.Invalid("each tool call needs 'function' with the strings 'name' and 'arguments'.");
            }
        }

        return calls.GetArrayLength() == 0 ? null : calls;
    }
}

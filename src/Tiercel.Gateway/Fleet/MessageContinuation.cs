using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Rewrites a chat request so that a foreign engine continues the assistant's partial message: the message is added to <c>messages</c>, with
/// <c>continue_final_message</c> as vLLM has it, and the limit of tokens is what is left. The one place where a body is written anew.
/// </summary>
internal static class MessageContinuation
{
    private static readonly string[] Limits = ["max_tokens", "max_completion_tokens"];

    /// <summary>
    /// With these an engine's state is more than the text: it would begin its grammar, its tool call or its list of log-probabilities anew. Or the client
    /// continues a message itself.
    /// </summary>
    private static readonly HashSet<string> MoreThanText =
    [
        "tools", "functions", "response_format", "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "grammar", "json_schema", "regex",
        "logprobs", "continue_final_message", "echo",
    ];

    /// <summary>Whether text alone says where the answer stands. A field that is there twice could be read in two ways, so that it is left alone.</summary>
    public static bool CanApply(ReadOnlySpan<byte> body)
    {
        HashSet<string> names = [];
        Utf8JsonReader json = new(body);
        try
        {
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string name = json.GetString()!;
                json.Read();
                bool says = json.TokenType is not (JsonTokenType.Null or JsonTokenType.False) && !(name == "response_format" && IsText(ref json));
                json.Skip();
                if (!names.Add(name) || (says && MoreThanText.Contains(name)))
                {
                    return false;
                }
            }

            return json.TokenType == JsonTokenType.EndObject;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary><c>{"type": "text"}</c>, which is what is meant without the field.</summary>
    private static bool IsText(ref Utf8JsonReader json)
    {
        Utf8JsonReader ahead = json;
        return ahead.TokenType == JsonTokenType.StartObject
            && ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName && ahead.ValueTextEquals("type"u8)
            && ahead.Read() && ahead.TokenType == JsonTokenType.String && ahead.ValueTextEquals("text"u8)
            && ahead.Read() && ahead.TokenType == JsonTokenType.EndObject;
    }

    /// <param name="escapedText">What the client has of the message, as it stands between the quotes of its JSON strings.</param>
    /// <param name="maxTokens">Tokens that are left; null for no limit.</param>
    public static byte[] Apply(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> escapedText, int? maxTokens)
    {
        JsonObject root = JsonNode.Parse(body.Span)!.AsObject();
        JsonNode? text = JsonNode.Parse($"\"{Encoding.UTF8.GetString(escapedText.Span)}\"");
        root["messages"]!.AsArray().Add(new JsonObject { ["role"] = "assistant", ["content"] = text });
        root["continue_final_message"] = true;
        root["add_generation_prompt"] = false;
        foreach (string limit in Limits)
        {
            if (maxTokens is int left && root.ContainsKey(limit))
            {
                root[limit] = left;
            }
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }
}

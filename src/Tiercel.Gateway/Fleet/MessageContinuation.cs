using System.Text;
using System.Text.Json.Nodes;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Rewrites a chat request so that a foreign engine continues the assistant's partial message: the message is added to <c>messages</c>, with
/// <c>continue_final_message</c> as vLLM has it, and the limit of tokens is what is left. The one place where a body is written anew.
/// </summary>
internal static class MessageContinuation
{
    private static readonly string[] Limits = ["max_tokens", "max_completion_tokens"];

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

using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>A chat completion that is sent whole.</summary>
/// <param name="logprobs">Set where log probabilities were asked for.</param>
public sealed class ChatCollector(AnswerHead head, int choices, Tokenizer? logprobs) : AnswerCollector(head, choices, logprobs is not null)
{
    protected override ReadOnlySpan<byte> ObjectName => "chat.completion"u8;

    protected override void WriteChoice(Utf8JsonWriter json, int choice, string text, IReadOnlyList<GeneratedToken> tokens)
    {
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, text);
        json.WriteNull("refusal"u8);
        json.WriteEndObject();
        if (logprobs is not null)
        {
            ChatLogprobs.Write(json, logprobs, tokens);
        }
        else
        {
            json.WriteNull("logprobs"u8);
        }
    }
}

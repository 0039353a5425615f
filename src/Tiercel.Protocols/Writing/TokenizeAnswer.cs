using System.Buffers;
using System.Text.Json;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>The answers of <c>/tokenize</c> and <c>/detokenize</c>, in vLLM's shapes.</summary>
public static class TokenizeAnswer
{
    /// <param name="texts">Set where the text of each token was asked for.</param>
    public static void WriteTokens(IBufferWriter<byte> output, ReadOnlySpan<int> tokens, int contextLength, Tokenizer? texts)
    {
        using Utf8JsonWriter json = new(output, JsonOutput.Options);
        json.WriteStartObject();
        json.WriteNumber("count"u8, tokens.Length);
        json.WriteNumber("max_model_len"u8, contextLength);
        json.WriteStartArray("tokens"u8);
        foreach (int token in tokens)
        {
            json.WriteNumberValue(token);
        }

        json.WriteEndArray();
        if (texts is null)
        {
            json.WriteNull("token_strs"u8);
        }
        else
        {
            json.WriteStartArray("token_strs"u8);
            foreach (int token in tokens)
            {
                json.WriteStringValue(TokenTexts.Lossy(texts, token));
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void WriteText(IBufferWriter<byte> output, string prompt)
    {
        using Utf8JsonWriter json = new(output, JsonOutput.Options);
        json.WriteStartObject();
        json.WriteString("prompt"u8, prompt);
        json.WriteEndObject();
    }
}

using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>Log probabilities in the shape of chat completions.</summary>
internal static class ChatLogprobs
{
    /// <summary>Writes the <c>logprobs</c> property of a choice.</summary>
    public static void Write(Utf8JsonWriter json, Tokenizer tokenizer, IEnumerable<GeneratedToken> tokens)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("content"u8);
        foreach (GeneratedToken token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, tokenizer, token.Token, token.Logprob ?? 0f);
            json.WriteStartArray("top_logprobs"u8);
            foreach (TokenLogprob alternative in token.Alternatives)
            {
                json.WriteStartObject();
                WriteToken(json, tokenizer, alternative.Token, alternative.Logprob);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("refusal"u8);
        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, Tokenizer tokenizer, int token, float logprob)
    {
        json.WriteString("token"u8, TokenTexts.Lossy(tokenizer, token));
        json.WriteNumber("logprob"u8, TokenTexts.Finite(logprob));
        json.WriteStartArray("bytes"u8);
        foreach (byte b in tokenizer.GetBytes(token))
        {
            json.WriteNumberValue(b);
        }

        json.WriteEndArray();
    }
}

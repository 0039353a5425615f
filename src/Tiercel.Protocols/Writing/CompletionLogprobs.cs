using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>Log probabilities in the shape of text completions, which lm-evaluation-harness reads. Keeps the place in the text of one choice.</summary>
internal sealed class CompletionLogprobs
{
    private readonly Tokenizer _tokenizer;
    private readonly TokenStreamDecoder _decoder;
    private int _offset;

    public CompletionLogprobs(Tokenizer tokenizer, bool renderSpecial)
    {
        _tokenizer = tokenizer;
        _decoder = tokenizer.CreateStreamDecoder(renderSpecial);
    }

    /// <summary>Goes past tokens that were written elsewhere.</summary>
    public void Skip(IReadOnlyList<int> tokens)
    {
        foreach (int token in tokens)
        {
            _offset += _decoder.Push(token).Length;
        }
    }

    /// <summary>Writes the <c>logprobs</c> property of a choice.</summary>
    public void Write(Utf8JsonWriter json, IReadOnlyList<GeneratedToken> tokens)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("tokens"u8);
        foreach (GeneratedToken token in tokens)
        {
            json.WriteStringValue(TokenTexts.Exact(_tokenizer, token.Token));
        }

        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        foreach (GeneratedToken token in tokens)
        {
            if (token.Logprob is float logprob)
            {
                json.WriteNumberValue(TokenTexts.Finite(logprob));
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        foreach (GeneratedToken token in tokens)
        {
            WriteAlternatives(json, token);
        }

        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        foreach (GeneratedToken token in tokens)
        {
            json.WriteNumberValue(_offset);
            _offset += _decoder.Push(token.Token).Length;
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>An object of text → log probability with the likeliest tokens and the chosen one. Of tokens with one text, the likeliest is kept.</summary>
    private void WriteAlternatives(Utf8JsonWriter json, GeneratedToken token)
    {
        if (token.Logprob is not float logprob)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        HashSet<string> written = new(StringComparer.Ordinal);
        foreach (TokenLogprob alternative in token.Alternatives)
        {
            string text = TokenTexts.Exact(_tokenizer, alternative.Token);
            if (written.Add(text))
            {
                json.WriteNumber(text, TokenTexts.Finite(alternative.Logprob));
            }
        }

        string chosen = TokenTexts.Exact(_tokenizer, token.Token);
        if (written.Add(chosen))
        {
            json.WriteNumber(chosen, TokenTexts.Finite(logprob));
        }

        json.WriteEndObject();
    }
}

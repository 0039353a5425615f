using System.Text;
using System.Text.Unicode;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>The text of single tokens, as log probabilities name them.</summary>
internal static class TokenTexts
{
    /// <summary>The token's text; a token that is part of a character becomes U+FFFD, its bytes are given beside it.</summary>
    public static string Lossy(Tokenizer tokenizer, int token) => Encoding.UTF8.GetString(tokenizer.GetBytes(token));

    /// <summary>The token's text, or <c>bytes:\xf0\x9f</c> for a part of a character: different tokens keep different names.</summary>
    public static string Exact(Tokenizer tokenizer, int token)
    {
        ReadOnlySpan<byte> bytes = tokenizer.GetBytes(token);
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        StringBuilder text = new("bytes:");
        foreach (byte b in bytes)
        {
            text.Append("\\x").Append(b.ToString("x2"));
        }

        return text.ToString();
    }

    /// <summary>JSON has no infinity; a token that sampling made impossible gets a value no real one has.</summary>
    public static float Finite(float logprob) => float.IsFinite(logprob) ? logprob : -9999f;
}

using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Chat;

/// <summary>From messages to prompt tokens: render the model's template, then encode what it trusts and what it does not.</summary>
public static class ChatPrompt
{
    /// <summary>Renders and encodes.</summary>
    /// <exception cref="ChatTemplateException">The template refused the messages, or broke a limit.</exception>
    public static int[] Encode(Tokenizer tokenizer, ChatTemplate template, ChatTemplateInputs inputs)
    {
        ChatTemplateInputs withTokens = inputs with { BosToken = TextOf(tokenizer, tokenizer.BosToken), EosToken = TextOf(tokenizer, tokenizer.EosToken) };
        IReadOnlyList<TextSegment> segments = template.Render(withTokens);

        // Many templates write begin-of-text themselves; adding it again would put the model off.
        bool hasBos = withTokens.BosToken.Length > 0 && segments.Count > 0 && segments[0].IsTrusted
            && segments[0].Text.StartsWith(withTokens.BosToken, StringComparison.Ordinal);
        return tokenizer.Encode(segments, addSpecial: !hasBos);
    }

    private static string TextOf(Tokenizer tokenizer, int? token) => token is int id ? tokenizer.Decode([id], renderSpecial: true) : "";
}

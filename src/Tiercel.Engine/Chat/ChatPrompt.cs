using System.Text;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Chat;

/// <summary>From messages to prompt tokens: render the model's template, then encode what it trusts and what it does not.</summary>
public static class ChatPrompt
{
    /// <summary>Renders and encodes.</summary>
    /// <param name="inputs">Its begin- and end-of-text are filled in from the tokenizer.</param>
    /// <param name="addSpecial">Whether begin-of-text is added; null adds it unless the template has written it.</param>
    /// <exception cref="ChatTemplateException">The template refused the messages, or broke a limit.</exception>
    public static int[] Encode(Tokenizer tokenizer, ChatTemplate template, ChatTemplateInputs inputs, bool? addSpecial = null)
    {
        string bos = TextOf(tokenizer, tokenizer.BosToken);
        IReadOnlyList<TextSegment> segments = template.Render(inputs with
        {
            Messages = KnowsDeveloper(template) ? inputs.Messages : DeveloperAsSystem(inputs.Messages),
            BosToken = bos,
            EosToken = TextOf(tokenizer, tokenizer.EosToken),
        });

        // Many templates write begin-of-text themselves; twice would be a prompt the model never saw in training.
        return tokenizer.Encode(segments, addSpecial ?? !StartsWith(segments, bos));
    }

    private static bool KnowsDeveloper(ChatTemplate template) => template.Source.Contains("developer", StringComparison.Ordinal);

    private static IReadOnlyList<ChatMessage> DeveloperAsSystem(IReadOnlyList<ChatMessage> messages) =>
        messages.Any(message => message.Role == "developer")
            ? [.. messages.Select(message => message.Role == "developer" ? message with { Role = "system" } : message)]
            : messages;

    private static bool StartsWith(IReadOnlyList<TextSegment> segments, string bos) =>
        bos.Length > 0
        && segments.FirstOrDefault(segment => segment.Text.Length > 0) is { IsTrusted: true } first
        && first.Text.StartsWith(bos, StringComparison.Ordinal);

    private static string TextOf(Tokenizer tokenizer, int? token) => token is int id ? Encoding.UTF8.GetString(tokenizer.GetBytes(id)) : "";
}

using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;

namespace Tiercel.Gateway.Prompts;

/// <summary>Turns messages, texts and token ids into the prompt of one model, within its context.</summary>
internal sealed class PromptEncoder
{
    /// <summary>What the API takes where nothing is said of effort: to say it changes nothing.</summary>
    private const string DefaultEffort = "medium";

    private readonly IInferenceEngine _engine;
    private readonly TimeProvider _time;

    /// <summary>UTF-8 bytes of the longest token: longer texts than context times this cannot fit and are refused before they are tokenised.</summary>
    private readonly int _longestTokenBytes;

    public PromptEncoder(IInferenceEngine engine, TimeProvider time)
    {
        _engine = engine;
        _time = time;
        _longestTokenBytes = LongestToken(engine.Tokenizer);
    }

    /// <summary>Renders a conversation by the model's template and encodes it.</summary>
    /// <param name="reserve">Tokens that must be left in the context, 1 where something will be generated.</param>
    /// <param name="now">The time that templates may write into the prompt; a request that moves to another worker keeps its own.</param>
    public EncodedPrompt EncodeChat(
        IReadOnlyList<ChatMessage> messages,
        bool addGenerationPrompt,
        bool? addSpecialTokens,
        string? reasoningEffort,
        IReadOnlyDictionary<string, JsonElement>? arguments,
        int reserve,
        DateTimeOffset? now = null)
    {
        if (_engine.ChatTemplate is not ChatTemplate template)
        {
            return ApiErrors.NotSupportedByModel(
                $"The model '{_engine.Model.Name}' has no chat template; use /v1/completions.", "messages");
        }

        if (reasoningEffort is not null)
        {
            if (template.Source.Contains("reasoning_effort", StringComparison.Ordinal))
            {
                arguments = WithArgument(arguments, "reasoning_effort", reasoningEffort);
            }
            else if (reasoningEffort != DefaultEffort)
            {
                return ApiErrors.UnsupportedParameter("reasoning_effort", "the model's chat template does not read it.");
            }
        }

        if (TooLong(messages.Sum(message => (long)(message.Content?.Length ?? 0))))
        {
            return ContextExceeded("messages", null, reserve);
        }

        int[] tokens;
        try
        {
            tokens = ChatPrompt.Encode(
                _engine.Tokenizer,
                template,
                new ChatTemplateInputs
                {
                    Messages = messages,
                    AddGenerationPrompt = addGenerationPrompt,
                    Arguments = arguments,
                    Now = now ?? _time.GetUtcNow(),
                },
                addSpecialTokens);
        }
        catch (ChatTemplateException error)
        {
            return error.RaisedByTemplate ? ApiErrors.MessagesRefused(error.Message) : ApiErrors.TemplateFailed(error.Message);
        }

        return Checked("messages", tokens, reserve);
    }

    /// <summary>Encodes a text, or checks token ids.</summary>
    /// <param name="name">The field the prompt came from, with its index.</param>
    /// <param name="parseSpecial">Whether the text of control tokens becomes those tokens.</param>
    /// <param name="reserve">Tokens that must be left in the context.</param>
    public EncodedPrompt Encode(string name, PromptInput input, bool parseSpecial, bool addSpecial, int reserve)
    {
        if (input.Text is string text)
        {
            return TooLong(text.Length) ? ContextExceeded(name, null, reserve) : Checked(name, _engine.Tokenizer.Encode(text, parseSpecial, addSpecial), reserve);
        }

        IReadOnlyList<int> tokens = input.Tokens!;
        foreach (int token in tokens)
        {
            if (token >= _engine.Tokenizer.VocabularySize)
            {
                return ApiErrors.InvalidValue(name, $"'{name}' holds token {token}; this model has tokens 0 to {_engine.Tokenizer.VocabularySize - 1}.");
            }
        }

        return Checked(name, tokens, reserve);
    }

    private static int LongestToken(Tokenizer tokenizer)
    {
        int longest = 1;
        for (int token = 0; token < tokenizer.VocabularySize; token++)
        {
            longest = Math.Max(longest, tokenizer.GetBytes(token).Length);
        }

        return longest;
    }

    private static Dictionary<string, JsonElement> WithArgument(IReadOnlyDictionary<string, JsonElement>? arguments, string name, string value)
    {
        Dictionary<string, JsonElement> all = arguments is null ? [] : new(arguments, StringComparer.Ordinal);
        all[name] = JsonElement.Parse($"\"{JsonEncodedText.Encode(value)}\"");
        return all;
    }

    /// <summary>A UTF-16 unit is at least one byte of UTF-8, and a token covers at most the bytes of the longest one.</summary>
    private bool TooLong(long chars) => chars > (long)_engine.Model.ContextLength * _longestTokenBytes;

    private EncodedPrompt Checked(string name, IReadOnlyList<int> tokens, int reserve)
    {
        if (tokens.Count == 0)
        {
            return ApiErrors.InvalidValue(name, $"'{name}' is empty, and this model has no begin-of-text to start from.");
        }

        return tokens.Count + reserve > _engine.Model.ContextLength ? ContextExceeded(name, tokens.Count, reserve) : new EncodedPrompt(tokens, null);
    }

    private ApiError ContextExceeded(string name, int? tokens, int reserve)
    {
        string length = tokens is int count ? $"has {count} tokens" : "is too long";
        string room = reserve > 0 ? ", which leaves no room for an answer" : "";
        return ApiErrors.ContextLengthExceeded(
            name, $"This model's maximum context length is {_engine.Model.ContextLength} tokens; '{name}' {length}{room}. Shorten it.");
    }
}

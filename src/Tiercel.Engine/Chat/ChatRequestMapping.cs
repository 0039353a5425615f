using Microsoft.Extensions.AI;
using Tiercel.Engine.Sampling;
using Tiercel.Engine.Templates;
using AIChatMessage = Microsoft.Extensions.AI.ChatMessage;
using TemplateMessage = Tiercel.Engine.Templates.ChatMessage;

namespace Tiercel.Engine.Chat;

/// <summary>Maps the requests of Microsoft.Extensions.AI to the engine's. What cannot be honoured is refused by name, never dropped.</summary>
internal static class ChatRequestMapping
{
    public static GenerationRequest ToRequest(
        IInferenceEngine engine, IEnumerable<AIChatMessage> messages, ChatOptions? options, string id, ulong seed, DateTimeOffset now)
    {
        options ??= new ChatOptions();
        RefuseUnsupported(options, engine.Model.Name);
        ChatTemplate template = engine.ChatTemplate
            ?? throw new NotSupportedException($"'{engine.Model.Name}' has no chat template; it completes text but does not chat");
        List<TemplateMessage> conversation = [.. messages.Select(ToTemplateMessage)];
        if (options.Instructions is { Length: > 0 } instructions)
        {
            conversation.Insert(0, new TemplateMessage("system", instructions));
        }

        return new GenerationRequest
        {
            Id = id,
            Prompt = ChatPrompt.Encode(engine.Tokenizer, template, new ChatTemplateInputs { Messages = conversation, Now = now }),
            MaxTokens = options.MaxOutputTokens,
            StopStrings = [.. options.StopSequences ?? []],
            Sampling = new SamplingOptions
            {
                Temperature = options.Temperature ?? 1f,
                TopP = options.TopP ?? 1f,
                TopK = options.TopK ?? 0,
                FrequencyPenalty = options.FrequencyPenalty ?? 0f,
                PresencePenalty = options.PresencePenalty ?? 0f,
                Seed = options.Seed is long given ? unchecked((ulong)given) : seed,
            },
        };
    }

    private static TemplateMessage ToTemplateMessage(AIChatMessage message)
    {
        AIContent? other = message.Contents.FirstOrDefault(content => content is not (TextContent or UsageContent));
        return other is null
            ? new TemplateMessage(message.Role.Value, message.Text)
            : throw new NotSupportedException($"messages with {other.GetType().Name} are not supported; send text");
    }

    private static void RefuseUnsupported(ChatOptions options, string model)
    {
        string? unsupported = options switch
        {
            { Tools.Count: > 0 } => nameof(options.Tools),
            { ToolMode: not null and not NoneChatToolMode and not AutoChatToolMode } => nameof(options.ToolMode),
            { ResponseFormat: not null and not ChatResponseFormatText } => nameof(options.ResponseFormat),
            { ConversationId: not null } => nameof(options.ConversationId),
            { Reasoning: not null } => nameof(options.Reasoning),
            { AdditionalProperties.Count: > 0 } => $"{nameof(options.AdditionalProperties)} ({options.AdditionalProperties.Keys.First()})",
            _ when options.ModelId is string id && id != model => $"{nameof(options.ModelId)} '{id}' (the model loaded here is '{model}')",
            _ => null,
        };
        if (unsupported is not null)
        {
            throw new NotSupportedException($"chat option {unsupported} is not supported");
        }
    }
}

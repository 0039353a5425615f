using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using AIChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Tiercel.Engine.Chat;

/// <summary>A loaded model as an <see cref="IChatClient"/>: in this process, without HTTP. Disposing it leaves the engine to its owner.</summary>
public sealed class TiercelChatClient : IChatClient
{
    private readonly IInferenceEngine _engine;
    private readonly TimeProvider _time;
    private readonly ulong _seed;
    private long _requests;

    /// <param name="engine">Not owned.</param>
    /// <param name="time">What templates and timestamps read.</param>
    /// <param name="seed">Requests without a seed of their own draw theirs from this one, in order.</param>
    public TiercelChatClient(IInferenceEngine engine, TimeProvider time, ulong seed)
    {
        _engine = engine;
        _time = time;
        _seed = seed;
    }

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">An option that would change the answer cannot be honoured; the message names it.</exception>
    /// <exception cref="InferenceException">The engine refused or failed.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<AIChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        => await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">An option that would change the answer cannot be honoured; the message names it.</exception>
    /// <exception cref="InferenceException">The engine refused or failed.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<AIChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long number = Interlocked.Increment(ref _requests);
        string id = $"chat-{number}";
        DateTimeOffset now = _time.GetUtcNow();
        GenerationRequest request = ChatRequestMapping.ToRequest(_engine, messages, options, id, unchecked(_seed + (ulong)number), now);
        Submission submission = _engine.Submit(request);
        await using GenerationStream stream = submission.Stream ?? throw new InferenceException(submission.Error!);
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellationToken))
        {
            if (news.Error is not null)
            {
                throw new InferenceException(news.Error);
            }

            ChatResponseUpdate update = new(ChatRole.Assistant, news.Text)
            {
                ResponseId = id,
                MessageId = id,
                ModelId = _engine.Model.Name,
                CreatedAt = now,
                FinishReason = news.Finish switch
                {
                    FinishReason.Stop => ChatFinishReason.Stop,
                    FinishReason.Length => ChatFinishReason.Length,
                    _ => null,
                },
            };
            if (news.Finish is not null)
            {
                update.Contents.Add(new UsageContent(ToUsage(stream.Usage)));
            }

            yield return update;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc />
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("tiercel", null, _engine.Model.Name)
        : serviceType.IsInstanceOfType(_engine) ? _engine
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Does nothing: the engine is not owned.</summary>
    public void Dispose()
    {
    }

    private static UsageDetails ToUsage(GenerationUsage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        CachedInputTokenCount = usage.CachedTokens,
        OutputTokenCount = usage.OutputTokens,
        TotalTokenCount = usage.PromptTokens + usage.OutputTokens,
    };
}

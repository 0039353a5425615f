using System.Collections.Concurrent;
using System.Text;
using Tiercel.Engine;
using Tiercel.Engine.Models;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>
/// An engine that answers every prompt with the same text, a token a byte, unless a test takes the streams into its own hands. Log probabilities are
/// made from the token ids, so that tests can say what they must be.
/// </summary>
internal sealed class FakeEngine : IInferenceEngine
{
    public const string Template = "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private readonly FakeTokenizer _tokenizer = new();

    public string Answer { get; init; } = "Hello, world! é😀";

    public FinishReason Finish { get; init; } = FinishReason.Stop;

    /// <summary>What becomes of a request; null for the answer above.</summary>
    public Func<GenerationRequest, Submission>? OnSubmit { get; set; }

    public Func<EmbeddingRequest, EmbeddingResult>? OnEmbed { get; set; }

    public EngineStatus Status { get; set; } = new() { Alive = true, BlockSize = 32, TotalBlocks = 100, FreeBlocks = 60, CachedBlocks = 15 };

    public ConcurrentQueue<GenerationRequest> Requests { get; } = [];

    public ModelDescription Model { get; init; } = new()
    {
        Name = "fake",
        Architecture = "llama",
        Path = "fake.gguf",
        WeightType = "Q8_0",
        ContextLength = 4096,
        TrainedContextLength = 8192,
        VocabularySize = 260,
        EmbeddingLength = 3,
        Created = DateTimeOffset.UnixEpoch.AddDays(20000),
    };

    public Tokenizer Tokenizer => _tokenizer;

    public ChatTemplate? ChatTemplate { get; init; } = ChatTemplate.Parse(Template);

    /// <summary>The log probability the fake gives a token.</summary>
    public static float LogprobOf(int token) => -0.5f - (token / 256f);

    public Submission Submit(GenerationRequest request)
    {
        Requests.Enqueue(request);
        if (OnSubmit is not null)
        {
            return OnSubmit(request);
        }

        FakeStream stream = new(request) { CachedTokens = 2 };
        for (int choice = 0; choice < request.Choices; choice++)
        {
            SendAnswer(stream, choice);
        }

        return new Submission(stream, null);
    }

    public Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(OnEmbed?.Invoke(request) ?? new EmbeddingResult([0.6f, request.Prompt.Count, -0.8f], null));

    public EngineStatus GetStatus() => Status;

    private void SendAnswer(FakeStream stream, int choice)
    {
        GenerationRequest request = stream.Request;
        if (request.PromptLogprobs is int alternatives && choice == 0)
        {
            stream.Send(new GenerationEvent { PromptTokens = [.. request.Prompt.Select((token, i) => Scored(token, i == 0 ? null : alternatives))] });
        }

        int limit = request.MaxTokens ?? int.MaxValue;
        int sent = 0;
        TokenStreamDecoder decoder = _tokenizer.CreateStreamDecoder(renderSpecial: false);
        List<GeneratedToken> held = [];
        foreach (byte b in Encoding.UTF8.GetBytes(Answer))
        {
            if (sent++ == limit)
            {
                stream.Finish(FinishReason.Length, choice);
                return;
            }

            held.Add(Scored(b, request.Sampling.Logprobs));
            string text = decoder.Push(b);
            if (text.Length > 0)
            {
                stream.Send(new GenerationEvent { Choice = choice, Text = text, Tokens = [.. held] });
                held.Clear();
            }
        }

        stream.Finish(Finish, choice);
    }

    private static GeneratedToken Scored(int token, int? alternatives) => alternatives is not int count
        ? new GeneratedToken(token, null, [])
        : new GeneratedToken(token, LogprobOf(token), [.. Enumerable.Range(0, count).Select(i => new TokenLogprob(65 + i, -0.25f - i))]);
}

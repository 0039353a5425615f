using System.Text;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Sampling;
using Tiercel.Engine.Templates;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>The bundled model, loaded once for the tests of a class.</summary>
public sealed class TinyEngine : IDisposable
{
    public static string ModelPath { get; } = Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf");

    public InferenceEngine Engine { get; } = Load(new InferenceEngineOptions());

    public static InferenceEngine Load(InferenceEngineOptions options)
        => InferenceEngine.Load(ModelPath, options with { Threads = options.Threads ?? 2, KvMemoryBytes = options.KvMemoryBytes ?? (64L << 20) }, TimeProvider.System);

    /// <summary>A greedy request for a question to the assistant.</summary>
    public static GenerationRequest Ask(InferenceEngine engine, string question, int? maxTokens = 64) => new()
    {
        Id = "test",
        Prompt = ChatPrompt.Encode(engine.Tokenizer, engine.ChatTemplate!, new ChatTemplateInputs { Messages = [new ChatMessage("user", question)] }),
        MaxTokens = maxTokens,
        Sampling = new SamplingOptions { Temperature = 0 },
    };

    /// <summary>Reads a request to its end and checks on the way that each choice ends exactly once, and says nothing after.</summary>
    public static async Task<Answer[]> CompleteAsync(InferenceEngine engine, GenerationRequest request)
    {
        Submission submission = engine.Submit(request);
        Assert.True(submission.Accepted, submission.Error?.Message);
        return await ReadAsync(submission.Stream!, request.Choices);
    }

    public static async Task<Answer[]> ReadAsync(GenerationStream stream, int choices)
    {
        StringBuilder[] texts = [.. Enumerable.Range(0, choices).Select(_ => new StringBuilder())];
        List<GeneratedToken>[] tokens = [.. Enumerable.Range(0, choices).Select(_ => new List<GeneratedToken>())];
        FinishReason?[] ends = new FinishReason?[choices];
        EngineError?[] errors = new EngineError?[choices];
        IReadOnlyList<GeneratedToken>? prompt = null;
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            Assert.Null(ends[news.Choice]);
            texts[news.Choice].Append(news.Text);
            tokens[news.Choice].AddRange(news.Tokens);
            ends[news.Choice] = news.Finish;
            errors[news.Choice] = news.Error;
            prompt = news.PromptTokens ?? prompt;
        }

        return [.. Enumerable.Range(0, choices).Select(i => new Answer(
            texts[i].ToString(), tokens[i], ends[i] ?? throw new InvalidOperationException($"choice {i} never ended"), errors[i], prompt))];
    }

    public void Dispose() => Engine.Dispose();

    /// <summary>One choice, whole.</summary>
    public sealed record Answer(
        string Text, IReadOnlyList<GeneratedToken> Tokens, FinishReason Finish, EngineError? Error, IReadOnlyList<GeneratedToken>? PromptTokens);
}

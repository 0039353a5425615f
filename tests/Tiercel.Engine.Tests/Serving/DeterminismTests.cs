using System.Runtime.InteropServices;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Sampling;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>
/// The same request gives the same bytes alone and in any company: batches, chunk sizes, cache states, preemptions, cancellations of
/// others, numbers of threads.
/// </summary>
public class DeterminismTests
{
    private const int Requests = 24;
    private const int Embeddings = 4;
    private const int Context = 256;

    [Fact]
    public Task The_bundled_model_answers_the_same_in_any_company() =>
        CheckAsync(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"), KvType.F16, seed: 1, companies: 4);

    [Theory]
    [InlineData("llama-spm", KvType.F32)]
    [InlineData("qwen2", KvType.F16)]
    [InlineData("qwen3", KvType.Q8_0)]
    [InlineData("qwen3moe", KvType.F16)]
    [InlineData("gemma2", KvType.F16)]
    [InlineData("gemma3", KvType.Q8_0)]
    [InlineData("phi3-longrope", KvType.F16)]
    [InlineData("olmo3-swa", KvType.F16)]
    [InlineData("smollm3", KvType.Q8_0)]
    [InlineData("mistral3", KvType.F16)]
    [InlineData("gpt-oss", KvType.F16)]
    [InlineData("type-q4_0", KvType.F16)]
    [InlineData("type-q4_k_m", KvType.Q8_0)]
    [InlineData("type-q5_k", KvType.F32)]
    [InlineData("type-iq4_xs", KvType.F16)]
    [InlineData("type-mxfp4", KvType.F16)]
    [InlineData("type-bf16", KvType.F16)]
    public Task Every_family_and_type_answers_the_same_in_any_company(string name, KvType type) =>
        CheckAsync(ModelFile(name + ".gguf"), type, seed: name.Length * 31 + (int)type, companies: 2);

    [Fact]
    public async Task Probabilities_of_a_long_prompt_survive_being_preempted_in_the_middle_of_it()
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(3), TimeProvider.System);
        string path = Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf");
        InferenceEngineOptions options = new() { ContextLength = 1024, Threads = 1, KvMemoryBytes = 32 << 20, StepTarget = TimeSpan.FromMilliseconds(1) };
        int[] prompt;
        string alone;
        long blockBytes;
        using (InferenceEngine engine = InferenceEngine.Load(path, options, TimeProvider.System))
        {
            blockBytes = engine.Plan.KvBytes / engine.Plan.BlockCount;
            prompt = [.. Enumerable.Range(0, 900).Select(i => i * 7919 % engine.Model.VocabularySize)];
            alone = await Transcript.ReadAsync(engine.Submit(Echo()).Stream!, 1, watchdog.Token);
        }

        // The branches of the urgent request need all of the 48 blocks long before 16 rows a step have computed the prompt.
        using InferenceEngine small = InferenceEngine.Load(path, options with { KvMemoryBytes = 48 * blockBytes }, TimeProvider.System);
        GenerationStream branches = small.Submit(Echo() with
        {
            Prompt = prompt[..64],
            Choices = 16,
            MaxTokens = 150,
            PromptLogprobs = null,
            Sampling = new SamplingOptions { IgnoreEos = true },
            CacheSalt = "branches",
        }).Stream!;
        GenerationStream echo = small.Submit(Echo() with { Priority = 1 }).Stream!;
        Assert.Equal(alone, await Transcript.ReadAsync(echo, 1, watchdog.Token));
        await Transcript.ReadAsync(branches, 16, watchdog.Token);
        Assert.True(small.GetStatus().Preemptions > 0, "the echo was meant to be preempted");

        GenerationRequest Echo() => new() { Id = "echo", Prompt = prompt, MaxTokens = 0, PromptLogprobs = 1 };
    }

    /// <summary>A few of the models are part of the repository.</summary>
    private static string ModelFile(string name) =>
        TestFiles.Data("golden", "models", name) is var path && File.Exists(path) ? path : TestFiles.Shared("golden", "models", name);

    private static async Task CheckAsync(string path, KvType type, int seed, int companies)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(3), TimeProvider.System);
        Random random = new(seed);
        (List<Question> alone, long blockBytes) = await AnswerAloneAsync(path, type, seed, watchdog.Token);
        long preemptions = 0;
        long hits = 0;
        for (int i = 0; i < companies; i++)
        {
            // Eight blocks hold one context; with no more, streams push each other out.
            InferenceEngineOptions options = new()
            {
                ContextLength = Context,
                KvType = type,
                Threads = random.Next(1, 4),
                StepTokens = (int[])[3, 17, 64, 200] is var sizes ? sizes[(i + random.Next(2)) % sizes.Length] : 0,
                KvMemoryBytes = blockBytes * (i == 0 ? 8 : random.Next(8, 16)),
                StepTarget = TimeSpan.FromMilliseconds(random.Next(1, 100)),
            };
            using InferenceEngine engine = InferenceEngine.Load(path, options, TimeProvider.System);
            await AnswerTogetherAsync(engine, alone, random.Next(), watchdog.Token);
            EngineStatus status = engine.GetStatus();
            preemptions += status.Preemptions;
            hits += status.PrefixCacheHits;
        }

        Assert.True(preemptions > 0, "the pools were meant to be too small");
        Assert.True(hits > 0, "prompts were meant to share beginnings");
    }

    private static async Task<(List<Question> Alone, long BlockBytes)> AnswerAloneAsync(
        string path, KvType type, int seed, CancellationToken cancellation)
    {
        InferenceEngineOptions options = new() { ContextLength = Context, KvType = type, Threads = 1, KvMemoryBytes = 32 << 20 };
        using InferenceEngine engine = InferenceEngine.Load(path, options, TimeProvider.System);
        RequestMix mix = new(seed, engine.Model.VocabularySize, Context);
        List<Question> alone = [];
        for (int i = 0; i < Requests; i++)
        {
            GenerationRequest request = i == 0 ? mix.FourBranches() : mix.Next(maxPrompt: 120, maxTokens: 50);
            string answer = await AskAsync(engine, request with { CacheSalt = $"nobody else's {i}" }, cancellation);
            alone.Add(new Question(request.Id, engine => AskAsync(engine, request, cancellation), answer));
        }

        for (int i = 0; i < Embeddings; i++)
        {
            EmbeddingRequest request = mix.NextEmbedding(maxPrompt: 200);
            alone.Add(new Question(request.Id, engine => EmbedAsync(engine, request, cancellation), await EmbedAsync(engine, request, cancellation)));
        }

        EngineStatus status = engine.GetStatus();
        Assert.Equal((0, 0), (status.Preemptions, status.PrefixCacheHits));
        return (alone, engine.Plan.KvBytes / engine.Plan.BlockCount);
    }

    private static async Task AnswerTogetherAsync(InferenceEngine engine, List<Question> alone, int seed, CancellationToken cancellation)
    {
        Random random = new(seed);
        RequestMix noise = new(seed, engine.Model.VocabularySize, Context);
        List<Task> others = [];
        List<(Question Question, Task<string> Answer)> together = [];
        Question[] order = [.. alone, .. alone];
        random.Shuffle(order);
        foreach (Question question in order)
        {
            together.Add((question, question.Ask(engine)));
            if (random.Next(3) == 0)
            {
                others.Add(DisturbAsync(engine, noise.Next(200, 50), random.Next(30), cancellation));
            }

            if (random.Next(8) == 0)
            {
                await together[random.Next(together.Count)].Answer;
            }
        }

        foreach ((Question question, Task<string> answer) in together)
        {
            string found = await answer;
            Assert.True(question.Answer == found, $"{question.Id}, {engine.Threads} threads: {Transcript.Difference(question.Answer, found)}");
        }

        await Task.WhenAll(others);
    }

    private static Task<string> AskAsync(InferenceEngine engine, GenerationRequest request, CancellationToken cancellation) =>
        Transcript.ReadAsync(engine.Submit(request).Stream!, request.Choices, cancellation);

    private static async Task<string> EmbedAsync(InferenceEngine engine, EmbeddingRequest request, CancellationToken cancellation)
    {
        EmbeddingResult result = await engine.EmbedAsync(request, cancellation);
        Assert.True(result.Error is null, result.Error?.Message);
        return Convert.ToHexString(MemoryMarshal.AsBytes<float>(result.Vector));
    }

    /// <summary>Another request, which is cancelled after some events.</summary>
    private static async Task DisturbAsync(InferenceEngine engine, GenerationRequest request, int events, CancellationToken cancellation)
    {
        await using GenerationStream stream = engine.Submit(request).Stream!;
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellation))
        {
            if (--events < 0)
            {
                stream.Cancel();
            }
        }
    }

    /// <summary>Something to ask an engine, and what it answers when it is asked nothing else.</summary>
    private sealed record Question(string Id, Func<InferenceEngine, Task<string>> Ask, string Answer);
}

using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Sampling;
using Tiercel.Testing;
using static Tiercel.Engine.Tests.Serving.TinyEngine;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>The engine as its callers see it, on the bundled model.</summary>
public sealed class InferenceEngineTests(TinyEngine tiny) : IClassFixture<TinyEngine>
{
    private InferenceEngine Engine => tiny.Engine;

    [Fact]
    public async Task ItNamesTheCapitalOfFrance()
    {
        Answer answer = (await CompleteAsync(Engine, Ask(Engine, "What is the capital of France?")))[0];
        Assert.Contains("Paris", answer.Text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Stop, answer.Finish);
    }

    [Fact]
    public async Task UsageCountsPromptCacheAndOutput()
    {
        GenerationRequest request = Ask(Engine, "Tell me a story about a brave fox named Nia, who lives near a river and likes the moon.", 5);
        GenerationStream stream = Engine.Submit(request).Stream!;
        Answer answer = (await ReadAsync(stream, 1))[0];
        Assert.Equal(request.Prompt.Count, stream.Usage.PromptTokens);
        Assert.Equal(5, stream.Usage.OutputTokens);
        Assert.Equal(FinishReason.Length, answer.Finish);
        GenerationStream again = Engine.Submit(request).Stream!;
        Assert.Equal(answer.Text, (await ReadAsync(again, 1))[0].Text);

        // At least the prompt's last token is computed again; whole blocks of 32 come from the cache.
        Assert.InRange(again.Usage.CachedTokens, 1, request.Prompt.Count - 1);
    }

    [Fact]
    public async Task AStopStringEndsTheTextBeforeIt()
    {
        GenerationRequest request = Ask(Engine, "What is the capital of France?");
        string whole = (await CompleteAsync(Engine, request))[0].Text;
        int cut = whole.IndexOf("Paris", StringComparison.Ordinal);
        Answer stopped = (await CompleteAsync(Engine, request with { StopStrings = ["aris"] }))[0];
        Assert.Equal(whole[..(cut + 1)], stopped.Text);
        Assert.Equal(FinishReason.Stop, stopped.Finish);
    }

    [Fact]
    public async Task ChoicesDifferWithTheirNumberAndNotWithTheirCompany()
    {
        GenerationRequest request = Ask(Engine, "Tell me a story about a dragon.", 24) with
        {
            Choices = 4,
            Sampling = new SamplingOptions { Temperature = 1.2f, Seed = 11 },
        };
        Answer[] together = await CompleteAsync(Engine, request);
        Answer[] fewer = await CompleteAsync(Engine, request with { Choices = 2 });
        Assert.Equal(together.Take(2).Select(answer => answer.Text), fewer.Select(answer => answer.Text));
        Assert.True(together.Select(answer => answer.Text).Distinct(StringComparer.Ordinal).Count() > 1);
    }

    [Fact]
    public async Task PromptLogprobsHaveOneEntryAToken()
    {
        GenerationRequest request = Ask(Engine, "What is 17 + 25?", 0) with { PromptLogprobs = 3 };
        Answer answer = (await CompleteAsync(Engine, request))[0];
        Assert.Equal("", answer.Text);
        Assert.Equal(FinishReason.Length, answer.Finish);
        Assert.Equal(request.Prompt, answer.PromptTokens!.Select(token => token.Token));
        Assert.Null(answer.PromptTokens![0].Logprob);
        Assert.All(answer.PromptTokens.Skip(1), token =>
        {
            Assert.InRange(token.Logprob!.Value, -100f, 0f);
            Assert.Equal(3, token.Alternatives.Count);
            Assert.True(token.Alternatives[0].Logprob >= token.Alternatives[2].Logprob);
            Assert.True(token.Logprob <= token.Alternatives[0].Logprob);
        });
    }

    [Fact]
    public async Task LogprobsOfTheOutputComeWithItsTokens()
    {
        GenerationRequest request = Ask(Engine, "What is the capital of France?");
        Answer answer = (await CompleteAsync(Engine, request with { Sampling = request.Sampling with { Logprobs = 2 } }))[0];
        Assert.NotEmpty(answer.Tokens);
        Assert.Equal(answer.Text, Engine.Tokenizer.Decode(answer.Tokens.Select(token => token.Token), renderSpecial: false));
        Assert.All(answer.Tokens, token => Assert.Equal(token.Logprob, token.Alternatives[0].Logprob));
    }

    [Fact]
    public async Task ACancelledRequestEndsOnceAndFreesItsBlocks()
    {
        // Tens of thousands of tokens: it is not over before it is cancelled, however long this thread waits for a processor.
        GenerationRequest request = Ask(Engine, "Tell me a story about a bear.", null) with
        {
            Choices = 16,
            Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true },
        };
        GenerationStream stream = Engine.Submit(request).Stream!;
        await stream.Events.WaitToReadAsync(TestContext.Current.CancellationToken);
        stream.Cancel();
        stream.Cancel();
        Assert.All(await ReadAsync(stream, request.Choices), answer => Assert.Equal(FinishReason.Cancelled, answer.Finish));
        await AssertIdleAsync(Engine);
    }

    [Fact]
    public void WhatCannotBeServedIsRefusedAtOnceByName()
    {
        GenerationRequest request = Ask(Engine, "Hello");
        Assert.Equal(EngineErrorKind.ContextLengthExceeded, Refusal(request with { Prompt = new int[Engine.Model.ContextLength] }).Kind);
        Assert.Equal("prompt", Refusal(request with { Prompt = [] }).Parameter);
        Assert.Equal("prompt", Refusal(request with { Prompt = [Engine.Model.VocabularySize] }).Parameter);
        Assert.Equal("prompt", Refusal(request with { Prompt = [-1] }).Parameter);
        Assert.Equal("n", Refusal(request with { Choices = 0 }).Parameter);
        Assert.Equal("n", Refusal(request with { Choices = 1_000_000 }).Parameter);
        Assert.Equal("stop", Refusal(request with { StopStrings = [""] }).Parameter);
        Assert.Equal("max_tokens", Refusal(request with { MaxTokens = -1 }).Parameter);
        Assert.Equal("temperature", Refusal(request with { Sampling = new SamplingOptions { Temperature = float.NaN } }).Parameter);
    }

    [Fact]
    public async Task APromptThatFillsTheContextEndsWithLength()
    {
        int[] prompt = new int[Engine.Model.ContextLength - 2];
        Array.Fill(prompt, 300);
        GenerationRequest request = new() { Id = "long", Prompt = prompt, Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true } };
        Answer answer = (await CompleteAsync(Engine, request))[0];
        Assert.Equal(FinishReason.Length, answer.Finish);
        Assert.Equal(2, answer.Tokens.Count);
    }

    [Fact]
    public async Task AFullQueueRefusesAndTheEngineGoesOn()
    {
        using InferenceEngine small = Load(new InferenceEngineOptions { MaxWaitingRequests = 2, MaxRunning = 1 });
        GenerationRequest request = Ask(small, "Tell me a story about a bear.", 200) with { Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true } };
        List<Submission> submissions = [.. Enumerable.Range(0, 12).Select(_ => small.Submit(request))];
        EngineError[] refusals = [.. submissions.Where(submission => !submission.Accepted).Select(submission => submission.Error!)];
        Assert.NotEmpty(refusals);
        Assert.All(refusals, refusal => Assert.Equal(EngineErrorKind.QueueFull, refusal.Kind));
        foreach (Submission accepted in submissions.Where(submission => submission.Accepted))
        {
            Assert.Equal(FinishReason.Length, (await ReadAsync(accepted.Stream!, 1))[0].Finish);
        }

        await AssertIdleAsync(small);
    }

    [Fact]
    public async Task ADrainingEngineFinishesWhatItHasAndTakesNothingNew()
    {
        using InferenceEngine draining = Load(new InferenceEngineOptions());
        GenerationStream running = draining.Submit(Ask(draining, "Tell me a story about a bear.", 40)).Stream!;
        Task drained = draining.DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(EngineErrorKind.Draining, draining.Submit(Ask(draining, "Hello")).Error!.Kind);
        Answer answer = (await ReadAsync(running, 1))[0];
        Assert.NotEqual(FinishReason.Error, answer.Finish);
        await drained;
        Assert.True(draining.GetStatus().Draining);
    }

    [Fact]
    public async Task DisposingEndsRunningRequestsWithAnError()
    {
        InferenceEngine engine = Load(new InferenceEngineOptions());
        GenerationStream running = engine.Submit(Ask(engine, "Tell me a story about a bear.", null) with
        {
            Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true },
        }).Stream!;
        engine.Dispose();
        Assert.Contains((await ReadAsync(running, 1))[0].Finish, (FinishReason[])[FinishReason.Error, FinishReason.Length]);
        Assert.False(engine.Submit(Ask(engine, "Hello")).Accepted);
    }

    [Fact]
    public async Task EmbeddingsHaveUnitLengthAndAreTheSameEachTime()
    {
        EmbeddingRequest request = new() { Id = "e", Prompt = Engine.Tokenizer.Encode("a brave fox", false, true) };
        EmbeddingResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Engine.EmbedAsync(request, TestContext.Current.CancellationToken)));
        Assert.Equal(1.0, results[0].Vector!.Sum(value => (double)value * value), 5);
        Assert.All(results, result => Assert.Equal(results[0].Vector, result.Vector));
    }

    [Fact]
    public async Task EmbeddingsShareCachedPrefixesWithinTheirSaltOnly()
    {
        using InferenceEngine engine = Load(new InferenceEngineOptions());
        EmbeddingRequest first = new() { Id = "e", Prompt = [.. Enumerable.Range(100, 200)], CacheSalt = "one" };
        await engine.EmbedAsync(first, TestContext.Current.CancellationToken);
        await engine.EmbedAsync(first with { CacheSalt = "two" }, TestContext.Current.CancellationToken);
        Assert.Equal(0, (await StatusAfterAsync(2)).PrefixCacheHits);
        await engine.EmbedAsync(first, TestContext.Current.CancellationToken);
        Assert.True((await StatusAfterAsync(3)).PrefixCacheHits > 0);

        // What a step did is published a moment after its results.
        async Task<EngineStatus> StatusAfterAsync(int requests)
        {
            using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2), TimeProvider.System);
            while (engine.GetStatus().PrefixCacheQueries < requests * first.Prompt.Count)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, watchdog.Token);
            }

            await AssertIdleAsync(engine);
            return engine.GetStatus();
        }
    }

    [Fact]
    public async Task AStreamTellsHowLongItWaited()
    {
        GenerationStream stream = Engine.Submit(Ask(Engine, "Hello", 3)).Stream!;
        await ReadAsync(stream, 1);
        Assert.True(stream.QueueTime >= TimeSpan.Zero);
    }

    [Theory]
    [InlineData("type-q4_k")]
    [InlineData("type-q8_0")]
    [InlineData("gpt-oss")]
    public void TheMemoryOfTheWeightsIsForeseen(string name)
    {
        string path = TestFiles.Data("golden", "models", name + ".gguf");
        using GgufFile file = GgufFile.Open(path);
        long foreseen = InferenceEngine.EstimateWeightBytes(file, WeightPrecision.AsStored);
        using InferenceEngine engine = InferenceEngine.Load(path, new InferenceEngineOptions { Threads = 1, KvMemoryBytes = 16 << 20 }, TimeProvider.System);
        Assert.InRange(engine.Model.WeightBytes, foreseen / 2, foreseen);
    }

    [Fact]
    public void AModelThatDoesNotFitIsRefusedWithTheArithmetic()
    {
        ModelDoesNotFitException refusal = Assert.Throws<ModelDoesNotFitException>(
            () => InferenceEngine.Load(ModelPath, new InferenceEngineOptions { AvailableMemoryBytes = 1 << 20 }, TimeProvider.System));
        Assert.Contains("1 MiB of memory are free", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Nothing runs, nothing waits, and every block is free or only cached.</summary>
    internal static async Task AssertIdleAsync(InferenceEngine engine)
    {
        // The last event is sent a moment before the step's status is published.
        EngineStatus status = engine.GetStatus();
        for (int i = 0; i < 6000 && (status.RunningSequences > 0 || status.WaitingSequences > 0 || status.FreeBlocks + status.CachedBlocks < status.TotalBlocks); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
            status = engine.GetStatus();
        }

        Assert.Equal(0, status.RunningSequences);
        Assert.Equal(0, status.WaitingSequences);
        Assert.Equal(status.TotalBlocks, status.FreeBlocks + status.CachedBlocks);
    }

    private EngineError Refusal(GenerationRequest request)
    {
        Submission submission = Engine.Submit(request);
        Assert.False(submission.Accepted);
        return submission.Error!;
    }
}

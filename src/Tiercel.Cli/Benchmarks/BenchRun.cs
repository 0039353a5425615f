using Tiercel.Cli.Json;
using Tiercel.Cli.Startup;
using Tiercel.Engine;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Models;
using Tiercel.Engine.Sampling;

namespace Tiercel.Cli.Benchmarks;

/// <summary>
/// Runs the tests of a <see cref="BenchPlan"/> through the engine. Each prompt is made of other random tokens, so that the prefix cache
/// never helps, and outputs do not end before their length.
/// </summary>
internal sealed class BenchRun(LoadedEngine loaded, BenchPlan plan, TimeProvider time)
{
    /// <summary>Prompt of the tests of many streams, in tokens.</summary>
    private const int ShortPrompt = 16;

    /// <summary>Prompt of the first request after loading, in tokens.</summary>
    private const int FirstPrompt = 8;

    /// <summary>Tokens that one of many streams may make while the others begin, for each that is wanted.</summary>
    private const int Patience = 16;

    /// <summary>Tokens that it may make in any case: where few are wanted, a machine that is busy may let one begin when another has made many.</summary>
    private const int LeastPatience = 1024;

    private readonly IInferenceEngine _engine = loaded.Engine;

    /// <summary>A fixed seed, so that every run has the same prompts.</summary>
    private readonly Random _random = new(20_26);
    private int _requests;

    /// <param name="loadStarted">When the file was about to be opened, a timestamp of the clock.</param>
    /// <exception cref="UserErrorException">The model does not generate, or the context is too short for the plan.</exception>
    public async Task<BenchReport> RunAsync(long loadStarted, CancellationToken cancellationToken)
    {
        await FinishAsync(Start(FirstPrompt, 1), cancellationToken);
        double loadSeconds = time.GetElapsedTime(loadStarted).TotalSeconds;
        TokenCost? cost = _engine.Model.Cost;
        List<BenchResult> results = [];
        foreach (int tokens in plan.Prompts)
        {
            BenchResult result = await MeasureAsync("prefill", 1, tokens, async () => tokens / (await FinishAsync(Start(tokens, 1), cancellationToken)).First.TotalSeconds);
            results.Add(result with { Limit = BenchLimits.IntegerPeak, LimitUse = cost?.PromptOperations * result.TokensPerSecond });
        }

        foreach (int context in plan.Contexts)
        {
            BenchResult result = await MeasureAsync("decode", 1, context, () => DecodeAsync(context, cancellationToken));
            results.Add(result with { Limit = BenchLimits.ReadBandwidth, LimitUse = cost?.DecodeBytes(context + (plan.OutputTokens / 2.0)) * result.TokensPerSecond });
        }

        foreach (int streams in plan.Streams)
        {
            results.Add(await MeasureAsync("streams", streams, ShortPrompt, () => ManyAsync(streams, cancellationToken)));
        }

        // Last, so that its buffer is not there while the model works, and asleep meanwhile the engine's own threads do not disturb it.
        var machine = MachineSpeed.Measure(loaded.Threads, time);
        return new BenchReport(
            _engine.Model.Name,
            _engine.Model.WeightType,
            _engine.Model.ParameterCount,
            loaded.KernelPath,
            loaded.Threads,
            machine.ReadBytesPerSecond,
            machine.IntegerOperationsPerSecond,
            loadSeconds,
            plan.OutputTokens,
            plan.Repetitions,
            [.. results.Select(result => result with { LimitUse = result.LimitUse / (result.Limit == BenchLimits.ReadBandwidth ? machine.ReadBytesPerSecond : machine.IntegerOperationsPerSecond) })]);
    }

    private async Task<BenchResult> MeasureAsync(string test, int streams, int context, Func<Task<double>> measure)
    {
        List<double> rates = [];
        for (int i = 0; i < plan.Repetitions; i++)
        {
            rates.Add(await measure());
        }

        rates.Sort();
        return new BenchResult(test, streams, context, rates[rates.Count / 2], rates[0], rates[^1], null, null);
    }

    /// <summary>Tokens a second between the first and the last one.</summary>
    private async Task<double> DecodeAsync(int context, CancellationToken cancellationToken)
    {
        (TimeSpan first, TimeSpan total) = await FinishAsync(Start(context, plan.OutputTokens + 1), cancellationToken);
        return plan.OutputTokens / (total - first).TotalSeconds;
    }

    /// <summary>Output tokens of all streams a second, while all of them run.</summary>
    private async Task<double> ManyAsync(int streams, CancellationToken cancellationToken)
    {
        StreamsWatch watch = new(streams, plan.OutputTokens, time);
        int most = Math.Min(Math.Max(LeastPatience, Patience * plan.OutputTokens) + plan.OutputTokens, _engine.Model.ContextLength - ShortPrompt);
        GenerationStream[] running = [.. Enumerable.Range(0, streams).Select(_ => Start(ShortPrompt, most))];
        Task[] reading = [.. running.Select((stream, number) => WatchAsync(stream, number, watch, cancellationToken))];
        try
        {
            return await watch.Rate.WaitAsync(cancellationToken);
        }
        finally
        {
            foreach (GenerationStream stream in running)
            {
                stream.Cancel();
            }

            await Task.WhenAll(reading);
        }
    }

    private static async Task WatchAsync(GenerationStream stream, int number, StreamsWatch watch, CancellationToken cancellationToken)
    {
        try
        {
            await using (stream)
            {
                await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellationToken))
                {
                    if (news.Error is not null)
                    {
                        throw new InferenceException(news.Error);
                    }

                    watch.Arrived(number, news.CoveredTokens.Count);
                }

                throw new UserErrorException("one of many streams ended before the others had made their tokens; lower --output-tokens or --streams, or raise --context");
            }
        }
        catch (Exception failed) when (failed is UserErrorException or InferenceException or OperationCanceledException)
        {
            // The measurement has ended long before, where the stream was cancelled because of that.
            watch.Ended(failed);
        }
    }

    private GenerationStream Start(int promptTokens, int outputTokens)
    {
        GenerationRequest request = new()
        {
            Id = $"bench-{++_requests}",
            Prompt = [.. Enumerable.Range(0, promptTokens).Select(_ => _random.Next(_engine.Model.VocabularySize))],
            MaxTokens = outputTokens,
            RenderSpecialTokens = true,
            Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true },
        };
        Submission submission = _engine.Submit(request);
        return submission.Stream ?? throw new InferenceException(submission.Error!);
    }

    /// <summary>Times from now to the first token and to the end.</summary>
    private async Task<(TimeSpan First, TimeSpan Total)> FinishAsync(GenerationStream started, CancellationToken cancellationToken)
    {
        long from = time.GetTimestamp();
        await using GenerationStream stream = started;
        TimeSpan? first = null;
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellationToken))
        {
            if (news.Error is not null)
            {
                throw new InferenceException(news.Error);
            }

            first ??= time.GetElapsedTime(from);
        }

        TimeSpan total = time.GetElapsedTime(from);
        return (first ?? total, total);
    }
}

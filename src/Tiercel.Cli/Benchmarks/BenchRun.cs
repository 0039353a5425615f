using Tiercel.Cli.Json;
using Tiercel.Cli.Startup;
using Tiercel.Engine;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Sampling;

namespace Tiercel.Cli.Benchmarks;

/// <summary>
/// Runs the tests of a <see cref="BenchPlan"/> through the engine. Each prompt is made of other random tokens, so that the prefix cache
/// never helps, and outputs do not end before their length.
/// </summary>
internal sealed class BenchRun(LoadedEngine loaded, BenchPlan plan, TimeProvider time)
{
    /// <summary>Prompt of the tests that measure decoding, in tokens.</summary>
    private const int ShortPrompt = 16;

    private readonly IInferenceEngine _engine = loaded.Engine;

    /// <summary>A fixed seed, so that every run has the same prompts.</summary>
    private readonly Random _random = new(20_26);
    private int _requests;

    /// <exception cref="UserErrorException">The context is too short for the plan, or the model does not generate.</exception>
    public async Task<BenchReport> RunAsync(CancellationToken cancellationToken)
    {
        Check();
        await GenerateAsync(plan.PromptTokens, 8, cancellationToken);
        List<BenchResult> results =
        [
            await MeasureAsync("prefill", 1, async () => plan.PromptTokens / (await GenerateAsync(plan.PromptTokens, 1, cancellationToken)).First.TotalSeconds),
            await MeasureAsync("decode", 1, () => DecodeAsync(cancellationToken)),
        ];
        foreach (int streams in plan.Streams)
        {
            results.Add(await MeasureAsync("streams", streams, () => ManyAsync(streams, cancellationToken)));
        }

        return new BenchReport(
            _engine.Model.Name,
            _engine.Model.WeightType,
            _engine.Model.ParameterCount,
            loaded.KernelPath,
            loaded.Threads,
            plan.PromptTokens,
            plan.OutputTokens,
            plan.Repetitions,
            results);
    }

    private void Check()
    {
        if (!_engine.Model.CanGenerate)
        {
            throw new UserErrorException($"{_engine.Model.Name} makes embeddings; bench measures models that write text");
        }

        int longest = Math.Max(plan.PromptTokens + 8, ShortPrompt + plan.OutputTokens);
        if (longest > _engine.Model.ContextLength)
        {
            throw new UserErrorException(
                $"the tests need {longest} tokens of context and there are {_engine.Model.ContextLength}; lower --prompt-tokens or --output-tokens");
        }
    }

    private async Task<BenchResult> MeasureAsync(string test, int streams, Func<Task<double>> measure)
    {
        List<double> rates = [];
        for (int i = 0; i < plan.Repetitions; i++)
        {
            rates.Add(await measure());
        }

        rates.Sort();
        return new BenchResult(test, streams, rates[rates.Count / 2], rates[0], rates[^1]);
    }

    /// <summary>Tokens a second between the first and the last one.</summary>
    private async Task<double> DecodeAsync(CancellationToken cancellationToken)
    {
        (TimeSpan first, TimeSpan total) = await GenerateAsync(ShortPrompt, plan.OutputTokens + 1, cancellationToken);
        return plan.OutputTokens / (total - first).TotalSeconds;
    }

    /// <summary>Output tokens of all streams a second, from the start of the first to the end of the last.</summary>
    private async Task<double> ManyAsync(int streams, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => GenerateAsync(ShortPrompt, plan.OutputTokens, cancellationToken)));
        return streams * (double)plan.OutputTokens / time.GetElapsedTime(started).TotalSeconds;
    }

    private async Task<(TimeSpan First, TimeSpan Total)> GenerateAsync(int promptTokens, int outputTokens, CancellationToken cancellationToken)
    {
        GenerationRequest request = new()
        {
            Id = $"bench-{++_requests}",
            Prompt = [.. Enumerable.Range(0, promptTokens).Select(_ => _random.Next(_engine.Model.VocabularySize))],
            MaxTokens = outputTokens,
            RenderSpecialTokens = true,
            Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true },
        };
        long started = time.GetTimestamp();
        Submission submission = _engine.Submit(request);
        await using GenerationStream stream = submission.Stream ?? throw new InferenceException(submission.Error!);
        TimeSpan? first = null;
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellationToken))
        {
            if (news.Error is not null)
            {
                throw new InferenceException(news.Error);
            }

            first ??= time.GetElapsedTime(started);
        }

        TimeSpan total = time.GetElapsedTime(started);
        int generated = stream.Usage.OutputTokens;
        return generated == outputTokens
            ? (first ?? total, total)
            : throw new UserErrorException($"an output of {outputTokens} tokens ended after {generated}; the measurement is worth nothing");
    }
}

using Tiercel.Bench.Engine.Measuring;
using Tiercel.Engine;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Engine.Sampling;

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>Tiercel as a library: requests in, streams of tokens out, through the scheduler and all.</summary>
internal sealed class TiercelContender : IContender
{
    /// <summary>Tokens that a stream may make: it is cancelled when it has made those that are wanted while all others ran too.</summary>
    private const int Plenty = 1500;

    private readonly InferenceEngine _engine;
    private readonly Random _random = new(7);
    private readonly double _weightBytes;
    private int _requests;

    /// <param name="cacheTokens">Tokens that the key/value cache holds, and the longest context.</param>
    public TiercelContender(string path, int threads, int cacheTokens)
    {
        using (GgufFile file = GgufFile.Open(path))
        {
            ModelSpec spec = ModelSpec.Read(file, null);
            _weightBytes = InferenceEngine.EstimateWeightBytes(file, WeightPrecision.AsStored);
            CacheBytes = KvStorage.BytesPerBlock(spec, KvType.F16) * ((cacheTokens / KvStorage.BlockSize) + 1);
            cacheTokens = Math.Min(cacheTokens, spec.TrainedContextLength);
        }

        _engine = InferenceEngine.Load(
            path, new InferenceEngineOptions { Threads = threads, ContextLength = cacheTokens, KvMemoryBytes = CacheBytes }, TimeProvider.System);
    }

    private long CacheBytes { get; }

    public Figures Decode(int context, int outputs)
    {
        StreamTimes times = Finish(Start(Prompt(context), outputs + 1));
        return new Figures((times.Tokens.Count - 1) / Clock.Seconds(times.Tokens[0], times.Tokens[^1]));
    }

    public Figures Prefill(int tokens)
    {
        StreamTimes times = Finish(Start(Prompt(tokens), 1));
        return new Figures(tokens / Clock.Seconds(times.Start, times.Tokens[0]));
    }

    public Figures Streams(int streams, int prompt, int outputs)
        => new(DecodeRate(RunTogether([.. Enumerable.Range(0, streams).Select(_ => Prompt(prompt))], outputs)));

    public Figures Shared(int streams, int prefix, int own, int outputs)
    {
        int[] shared = Prompt(prefix);
        StreamTimes[] times = RunTogether([.. Enumerable.Range(0, streams).Select(_ => (int[])[.. shared, .. Prompt(own)])], outputs);
        double total = Clock.Seconds(times.Min(stream => stream.Start), times.Max(stream => stream.Tokens[outputs - 1]));
        return new Figures(DecodeRate(times), new() { ["total s"] = total, ["all tok/s"] = (prefix + (streams * (own + outputs))) / total });
    }

    public Figures Gap(int streams, int prompt)
    {
        StreamWatch watch = new(streams, 8);
        (GenerationStream Stream, Task<StreamTimes> Times)[] running = [.. Enumerable.Range(0, streams).Select(stream => Start(Prompt(16), Plenty, watch, stream))];
        watch.Done.GetAwaiter().GetResult();
        (GenerationStream Stream, Task<StreamTimes> Times) arriving = Start(Prompt(prompt), 1);
        StreamTimes end = Finish(arriving);
        foreach ((GenerationStream stream, _) in running)
        {
            stream.Cancel();
        }

        double worst = Finish(running).Max(stream => stream.WorstGap(end.Start, end.Tokens[0]));
        return new Figures(worst * 1000, new() { ["prompt s"] = Clock.Seconds(end.Start, end.Tokens[0]) });
    }

    public Figures Memory(int context)
    {
        Finish(Start(Prompt(context - 16), 5));
        double all = ProcessMemory.AnonymousBytes(Environment.ProcessId);
        return new Figures(
            (all - _weightBytes - CacheBytes) / 1e6, new() { ["anonymous MB"] = all / 1e6, ["weights MB"] = _weightBytes / 1e6, ["cache MB"] = CacheBytes / 1e6 });
    }

    public Figures Tokenize(string text)
        => RepeatedTime.Milliseconds(() => _engine.Tokenizer.Encode(text, parseSpecial: false, addSpecial: false).Length);

    public void Dispose() => _engine.Dispose();

    /// <summary>Tokens of all streams a second, while all of them run: from the moment when the last has its first token to that when the first has its last.</summary>
    private static double DecodeRate(StreamTimes[] streams)
    {
        long from = streams.Max(stream => stream.Tokens[0]);
        long to = streams.Min(stream => stream.Tokens[^1]);
        return to <= from
            ? throw new InvalidOperationException("some streams ended before others began")
            : streams.Sum(stream => stream.Tokens.Count(time => time > from && time <= to)) / Clock.Seconds(from, to);
    }

    /// <summary>Streams that run until each has made the wanted tokens since the last of them began.</summary>
    private StreamTimes[] RunTogether(int[][] prompts, int outputs)
    {
        StreamWatch watch = new(prompts.Length, outputs);
        (GenerationStream Stream, Task<StreamTimes> Times)[] running = [.. prompts.Select((prompt, stream) => Start(prompt, Plenty, watch, stream))];
        watch.Done.GetAwaiter().GetResult();
        foreach ((GenerationStream stream, _) in running)
        {
            stream.Cancel();
        }

        return Finish(running);
    }

    private int[] Prompt(int tokens) => [.. Enumerable.Range(0, tokens).Select(_ => _random.Next(_engine.Model.VocabularySize - 1))];

    private (GenerationStream Stream, Task<StreamTimes> Times) Start(int[] prompt, int outputs, StreamWatch? watch = null, int number = 0)
    {
        GenerationRequest request = new()
        {
            Id = $"bench-{++_requests}",
            Prompt = prompt,
            MaxTokens = outputs,
            RenderSpecialTokens = true,
            Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true },
        };
        long start = Clock.Now;
        Submission submission = _engine.Submit(request);
        GenerationStream stream = submission.Stream ?? throw new InvalidOperationException(submission.Error!.Message);
        return (stream, ReadAsync(stream, start, watch, number));
    }

    private static async Task<StreamTimes> ReadAsync(GenerationStream stream, long start, StreamWatch? watch, int number)
    {
        List<long> tokens = [];
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync())
        {
            if (news.Error is not null)
            {
                throw new InvalidOperationException(news.Error.Message);
            }

            long now = Clock.Now;
            tokens.AddRange(Enumerable.Repeat(now, news.Tokens.Count));
            watch?.Count(number, news.Tokens.Count);
        }

        watch?.End();

        return new StreamTimes(start, tokens);
    }

    private static StreamTimes Finish((GenerationStream Stream, Task<StreamTimes> Times) one) => one.Times.GetAwaiter().GetResult();

    private static StreamTimes[] Finish((GenerationStream Stream, Task<StreamTimes> Times)[] all) => [.. all.Select(Finish)];
}

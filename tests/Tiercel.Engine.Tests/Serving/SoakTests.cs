using System.Globalization;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>What measures the memory of the whole process runs alone.</summary>
[CollectionDefinition(nameof(SoakTests), DisableParallelization = true)]
public sealed class SoakCollection;

/// <summary>Many streams for a minute, or as long as TIERCEL_SOAK_SECONDS says.</summary>
[Collection(nameof(SoakTests))]
public class SoakTests
{
    private const int Streams = 200;

    private static readonly TimeProvider Time = TimeProvider.System;

    [Fact]
    public async Task Two_hundred_streams_with_random_cancels_leave_nothing_behind_and_each_choice_ends_once()
    {
        TimeSpan length = TimeSpan.FromSeconds(
            double.Parse(Environment.GetEnvironmentVariable("TIERCEL_SOAK_SECONDS") ?? "60", CultureInfo.InvariantCulture));
        using CancellationTokenSource watchdog = new(length + TimeSpan.FromMinutes(3), Time);
        string path = Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf");
        InferenceEngineOptions options = new() { ContextLength = 512, KvMemoryBytes = 4 << 20, Threads = 2 };
        using InferenceEngine engine = InferenceEngine.Load(path, options, Time);
        Tally tally = new();
        long start = Time.GetTimestamp();
        Task<long>[] workers = [.. Enumerable.Range(0, Streams).Select(i => WorkAsync(engine, i, start, length, tally, watchdog.Token))];
        await Task.Delay(length / 4, Time, watchdog.Token);
        long early = GC.GetTotalMemory(forceFullCollection: true);
        await Task.WhenAll(workers);
        while (engine.GetStatus() is { RunningSequences: > 0 } or { WaitingSequences: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), Time, watchdog.Token);
        }

        EngineStatus status = engine.GetStatus();
        TestContext.Current.SendDiagnosticMessage($"{tally} {status}");
        Assert.Equal(status.TotalBlocks, status.FreeBlocks + status.CachedBlocks);
        Assert.True(status.Alive, status.Failure);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, early + (32 << 20));
        Assert.True(status.Preemptions > 0, "streams were meant to push each other out");
        Assert.True(tally.Cancelled > 0 && tally.Ended > 0, tally.ToString());
    }

    private static async Task<long> WorkAsync(InferenceEngine engine, int worker, long start, TimeSpan length, Tally tally, CancellationToken cancellation)
    {
        await Task.Yield();
        Random random = new(worker);
        RequestMix mix = new(worker / 8, engine.Model.VocabularySize, engine.Model.ContextLength);
        long requests = 0;
        for (; Time.GetElapsedTime(start) < length; requests++)
        {
            GenerationRequest request = random.Next(6) == 0 ? mix.FourBranches() : mix.Next(maxPrompt: 100, maxTokens: 200);
            Submission submission = engine.Submit(request);
            Assert.True(submission.Accepted, submission.Error?.Message);
            switch (random.Next(4))
            {
                case 0:
                    // Cancelled before a word is read.
                    await submission.Stream.DisposeAsync();
                    await ReadAsync(submission.Stream, request, cancelAfter: int.MaxValue, tally, cancellation);
                    break;
                case 1:
                    await ReadAsync(submission.Stream, request, random.Next(20), tally, cancellation);
                    break;
                default:
                    await ReadAsync(submission.Stream, request, int.MaxValue, tally, cancellation);
                    break;
            }
        }

        return requests;
    }

    private static async Task ReadAsync(GenerationStream stream, GenerationRequest request, int cancelAfter, Tally tally, CancellationToken cancellation)
    {
        FinishReason?[] ends = new FinishReason?[request.Choices];
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellation))
        {
            Assert.True(ends[news.Choice] is null, $"choice {news.Choice} of {request.Id} goes on after {ends[news.Choice]}");
            ends[news.Choice] = news.Finish;
            Assert.True(news.Error is null, news.Error?.Message);
            if (cancelAfter-- == 0)
            {
                stream.Cancel();
            }
        }

        Assert.DoesNotContain(null, ends);
        tally.Count(ends.Count(e => e == FinishReason.Cancelled), ends.Length);
        stream.Cancel();
    }

    /// <summary>How choices ended.</summary>
    private sealed class Tally
    {
        private long _cancelled;
        private long _all;

        public long Cancelled => Interlocked.Read(ref _cancelled);

        public long Ended => Interlocked.Read(ref _all) - Cancelled;

        public void Count(int cancelled, int all)
        {
            Interlocked.Add(ref _cancelled, cancelled);
            Interlocked.Add(ref _all, all);
        }

        public override string ToString() => $"{Cancelled} choices cancelled, {Ended} ended by themselves;";
    }
}

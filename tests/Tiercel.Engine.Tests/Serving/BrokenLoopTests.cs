using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Serving;

public class BrokenLoopTests
{
    [Fact]
    public async Task A_step_loop_that_breaks_ends_every_request_with_an_error_and_refuses_new_ones()
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(1), TimeProvider.System);
        using BreakingClock clock = new();
        using InferenceEngine engine = InferenceEngine.Load(
            TinyEngine.ModelPath, new InferenceEngineOptions { Threads = 1, ContextLength = 256, KvMemoryBytes = 16 << 20 }, clock);
        List<GenerationStream> streams = [.. Enumerable.Range(0, 5).Select(i => engine.Submit(Endless(i)).Stream!)];

        // The loop stands still until all five are there, and its clock breaks once the first has an event: none of them can have ended by then.
        clock.Run(breaks: () => streams[0].Events.TryPeek(out _));
        foreach (GenerationStream stream in streams)
        {
            GenerationEvent? last = null;
            await foreach (GenerationEvent news in stream.Events.ReadAllAsync(watchdog.Token))
            {
                Assert.Null(last?.Finish);
                last = news;
            }

            Assert.Equal((FinishReason.Error, EngineErrorKind.Internal), (last!.Finish, last.Error!.Kind));
        }

        EngineStatus status = engine.GetStatus();
        Assert.False(status.Alive);
        Assert.Contains("the clock is broken", status.Failure, StringComparison.Ordinal);
        Assert.Equal(EngineErrorKind.Internal, engine.Submit(Endless(9)).Error!.Kind);
    }

    private static GenerationRequest Endless(int number) => new()
    {
        Id = $"r{number}",
        Prompt = [1 + number, 2, 3],
        MaxTokens = 200,
        Sampling = new SamplingOptions { IgnoreEos = true },
    };

    /// <summary>The one thing that a test can break inside the loop and outside of a step: the time that the loop's thread reads.</summary>
    private sealed class BreakingClock : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim _runs = new();
        private Func<bool> _breaks = () => false;
        private bool _isBroken;

        public void Run(Func<bool> breaks)
        {
            _breaks = breaks;
            _runs.Set();
        }

        public void Dispose() => _runs.Dispose();

        public override long GetTimestamp()
        {
            if (Thread.CurrentThread.Name == "tiercel-step")
            {
                _runs.Wait();
                _isBroken |= _breaks();
            }

            return _isBroken && Thread.CurrentThread.Name == "tiercel-step" ? throw new InvalidOperationException("the clock is broken") : base.GetTimestamp();
        }
    }
}

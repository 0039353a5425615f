using Tiercel.Engine.KvCache;
using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>What an observer of the prefix cache sees, while requests come and go and push each other's blocks out.</summary>
public sealed class CacheFeedTests
{
    private const int BlockSize = KvStorage.BlockSize;
    private static readonly BlockHasher Hashes = new("a key"u8);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_reports_add_up_to_what_is_held()
    {
        using InferenceEngine engine = SmallEngine();
        CacheFeed feed = engine.ObserveCache(Hashes)!;
        Mirror mirror = new();
        mirror.Apply((await feed.ReadAsync(Cancellation))!);
        Assert.Empty(mirror.Held);
        Random random = new(4);
        for (int round = 0; round < 6; round++)
        {
            await AskAsync(engine, random, 12);
            feed.RequestSnapshot();
            while (true)
            {
                CacheChange change = (await feed.ReadAsync(Cancellation))!;
                if (!change.IsSnapshot)
                {
                    mirror.Apply(change);
                    continue;
                }

                Assert.Equal(change.Stored.Order(), mirror.Held.Order());
                break;
            }
        }

        Assert.True(mirror.Evicted > 50, "the cache was meant to be too small");
        Assert.Equal(0, feed.Overflows);
    }

    [Fact]
    public async Task A_prompt_is_held_under_the_names_of_its_salt_and_no_other()
    {
        using InferenceEngine engine = SmallEngine();
        CacheFeed feed = engine.ObserveCache(Hashes)!;
        int[] prompt = [.. Enumerable.Range(7, 100)];
        await TinyEngine.CompleteAsync(engine, Request(prompt, "tenant a"));
        Mirror mirror = new();
        feed.RequestSnapshot();
        mirror.Apply((await feed.ReadAsync(Cancellation))!);
        ulong[] own = Hashes.Chain("tenant a", prompt, BlockSize);
        while (!mirror.Holds(own[^1]))
        {
            mirror.Apply((await feed.ReadAsync(Cancellation))!);
        }

        Assert.All(own, name => Assert.True(mirror.Holds(name)));
        Assert.All(Hashes.Chain("tenant b", prompt, BlockSize), name => Assert.False(mirror.Holds(name)));
    }

    [Fact]
    public async Task An_observer_that_comes_late_or_falls_behind_gets_a_snapshot()
    {
        using InferenceEngine engine = SmallEngine();
        Random random = new(5);
        await AskAsync(engine, random, 6);
        CacheFeed first = engine.ObserveCache(Hashes)!;
        Mirror mirror = new();
        mirror.Apply((await first.ReadAsync(Cancellation))!);
        Assert.NotEmpty(mirror.Held);

        // Nobody reads while many steps change the cache: the channel fills, and no step waits for it.
        while (first.Overflows == 0)
        {
            await AskAsync(engine, random, 12);
        }

        bool snapshot = false;
        while (!snapshot)
        {
            CacheChange change = (await first.ReadAsync(Cancellation))!;
            snapshot = change.IsSnapshot;
            mirror.Apply(change);
        }

        CacheFeed second = engine.ObserveCache(Hashes)!;
        while (await first.ReadAsync(Cancellation) is CacheChange change)
        {
            mirror.Apply(change);
        }

        Assert.Equal((await second.ReadAsync(Cancellation))!.Stored.Order(), mirror.Held.Order());
    }

    [Fact]
    public async Task Reports_end_with_the_engine()
    {
        CacheFeed feed;
        using (InferenceEngine engine = SmallEngine())
        {
            feed = engine.ObserveCache(Hashes)!;
            await feed.ReadAsync(Cancellation);
        }

        Assert.Null(await feed.ReadAsync(Cancellation));
    }

    [Fact]
    public async Task An_idle_engine_can_be_measured_and_gives_its_blocks_back()
    {
        using InferenceEngine engine = SmallEngine();
        SpeedProfile? speed = await engine.MeasureSpeedAsync(TimeSpan.FromMilliseconds(50), Cancellation);
        Assert.NotNull(speed);
        Assert.True(speed.PrefillSecondsPerToken > 0, $"{speed}");
        Assert.True(speed.DecodeBaseSeconds + speed.DecodeSecondsPerSequence > 0, $"{speed}");
        Assert.True(speed.PrefillSecondsPerPair >= 0, $"{speed}");
        await TinyEngine.CompleteAsync(engine, Request([1, 2, 3], ""));
        await InferenceEngineTests.AssertIdleAsync(engine);
    }

    private static InferenceEngine SmallEngine() => TinyEngine.Load(new InferenceEngineOptions { ContextLength = 256, KvMemoryBytes = 1 << 20, StepTokens = 64 });

    private static GenerationRequest Request(int[] prompt, string salt) => new()
    {
        Id = "cache",
        Prompt = prompt,
        MaxTokens = 4,
        Sampling = new SamplingOptions { Temperature = 0, IgnoreEos = true },
        CacheSalt = salt,
    };

    private static Task AskAsync(InferenceEngine engine, Random random, int requests) => Task.WhenAll(Enumerable.Range(0, requests).Select(_ =>
    {
        int[] prompt = [.. Enumerable.Range(0, random.Next(40, 200)).Select(_ => random.Next(100))];
        Array.Fill(prompt, 9, 0, random.Next(prompt.Length));
        return TinyEngine.CompleteAsync(engine, Request(prompt, random.Next(2) == 0 ? "a" : "b"));
    }));

    /// <summary>What an observer believes to be held.</summary>
    private sealed class Mirror
    {
        private readonly Dictionary<ulong, ulong> _parents = [];

        public IEnumerable<(ulong Parent, ulong Block)> Held => _parents.Select(pair => (pair.Value, pair.Key));

        public int Evicted { get; private set; }

        public bool Holds(ulong block) => _parents.ContainsKey(block);

        public void Apply(CacheChange change)
        {
            if (change.IsSnapshot)
            {
                _parents.Clear();
            }

            Evicted += change.Removed.Count;
            Assert.All(change.Removed, block => Assert.True(_parents.Remove(block), "a block was removed that was not held"));
            foreach ((ulong parent, ulong block) in change.Stored)
            {
                Assert.True(parent == 0 || _parents.ContainsKey(parent), "a block came before its parent");
                _parents.Add(block, parent);
            }
        }
    }
}

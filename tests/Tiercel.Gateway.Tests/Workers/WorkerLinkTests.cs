using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Tiercel.Engine.KvCache;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;
using Tiercel.Gateway.Workers;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>A gateway's ear: it follows a real worker, and is not led astray by anything else.</summary>
public sealed class WorkerLinkTests
{
    private static readonly WorkerLinkOptions Fast = new() { FirstBackoff = TimeSpan.FromMilliseconds(5), LongestBackoff = TimeSpan.FromMilliseconds(20), Seed = 1 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_learns_what_a_worker_holds_and_which_prompts_it_was_sent()
    {
        await using TestWorker worker = await TestWorker.StartAsync(contextLength: 256, kvBytes: 1 << 20);
        Sink sink = new();
        await using WorkerLink link = new(ScriptedUpstream.To(worker.Client), sink, Fast, TimeProvider.System);
        await StartAsync(link, sink);
        for (int i = 0; i < 24; i++)
        {
            string words = string.Join(' ', Enumerable.Range(0, 60).Select(word => $"{word * (i + 3) % 97}"));
            await TestWorker.StreamAsync(
                worker.Client,
                TestWorker.Post("/v1/completions", $$"""{"prompt":"{{words}}","max_tokens":2,"stream":true}""", ("x-tiercel-request", $"{i}"), ("x-tiercel-tenant", "t")));
        }

        await sink.UntilAsync(s => s.Prompts.ContainsKey(23));
        WorkerEvent.Prompt prompt = sink.Prompts[23];
        Assert.Equal(prompt.Tokens / KvStorage.BlockSize, prompt.Blocks.Length);
        await sink.UntilAsync(s => prompt.Blocks.All(s.Held.Contains));
        Assert.True(sink.Removed > 0, "the cache was meant to be too small");
        await sink.UntilAsync(s => s.Status is { Running: 0, IsAlive: true, Steps: > 0 });
        Assert.Equal(worker.Engine.Model.NumericsId, sink.Info!.NumericsId);
        Assert.NotNull(sink.Info.Profile);

        // What it has put together from events is what the worker says when it is asked for everything, once it has heard the last of them.
        await worker.UntilIdleAsync();
        Sink fresh = new();
        await using WorkerLink second = new(ScriptedUpstream.To(worker.Client), fresh, Fast, TimeProvider.System);
        second.Start();
        await fresh.UntilAsync(s => s.Snapshots == 1 && sink.Holds(s.Held));
        Assert.Empty(sink.Losses);
        await worker.Client.PostAsync("/internal/drain", null, Cancellation);
        await sink.UntilAsync(s => s.Status!.IsDraining);
    }

    [Fact]
    public async Task A_worker_that_starts_again_under_its_address_is_heard_again_over_the_gateways_own_client()
    {
        // An address of its own: between the two workers nobody else can be given the port.
        IPEndPoint address = new(LoopbackAddress.Next(), 0);
        TestWorker worker = await TestWorker.StartAsync(address: address);
        Uri url = new(worker.Url);
        UpstreamSettings settings = new() { Name = "w", Kind = UpstreamKind.Tiercel, Url = url };
        await using HttpUpstream upstream = new(
            1, settings, new HttpUpstreamOptions { Time = TimeProvider.System, ClusterSecret = new Secret("test", TestWorker.Secret) });
        Sink sink = new();
        await using WorkerLink link = new(upstream, sink, Fast, TimeProvider.System);
        await StartAsync(link, sink);
        await AskAsync(worker, 1);
        await sink.UntilAsync(s => s.Prompts.ContainsKey(1) && s.Prompts[1].Blocks.All(s.Held.Contains));
        string generation = sink.Info!.Generation;
        await worker.DisposeAsync();
        await sink.UntilAsync(s => !s.Losses.IsEmpty);
        await using TestWorker again = await TestWorker.StartAsync(address: new IPEndPoint(address.Address, url.Port));

        // A snapshot has no prompts: one that is told of before the ear listens is told to nobody.
        await sink.UntilAsync(s => s.Info!.Generation != generation && s.Snapshots == 2);
        await AskAsync(again, 2);
        await sink.UntilAsync(s => s.Prompts.ContainsKey(2) && s.Prompts[2].Blocks.All(s.Held.Contains));

        // Both workers hold the same prompt under the same names.
        Assert.NotEmpty(sink.Prompts[1].Blocks);
        Assert.Equal(sink.Prompts[1].Blocks, sink.Prompts[2].Blocks);

        static async Task AskAsync(TestWorker worker, int number)
        {
            string words = string.Join(' ', Enumerable.Range(0, 60));
            List<string> events = await TestWorker.StreamAsync(
                worker.Client, TestWorker.Post("/v1/completions", $$"""{"prompt":"{{words}}","max_tokens":2,"stream":true}""", ("x-tiercel-request", $"{number}")));
            Assert.Equal("data: [DONE]", events[^1]);
        }
    }

    [Fact]
    public async Task After_a_break_it_goes_on_where_it_stopped_and_with_a_new_start_from_the_beginning()
    {
        WorkerEventHub hub = new("first");
        WorkerEventHub next = new("second");
        next.Apply(new CacheChange { Stored = [(0, 900)] });
        WorkerEventHub current = hub;
        ConcurrentQueue<string> asked = [];
        int lines = 1;
        ScriptedUpstream worker = new((request, output) =>
        {
            asked.Enqueue(request.Path);
            WorkerEventHub now = Volatile.Read(ref current);
            return request.Path == "/internal/info" ? InfoAsync(output, now.Generation) : EventsAsync(output, now, request.Path, ++lines);
        });
        Sink sink = new();
        await using WorkerLink link = new(worker, sink, Fast, TimeProvider.System);
        for (ulong i = 1; i <= 40; i++)
        {
            hub.Apply(new CacheChange { Stored = [(i - 1, i)] });
        }

        link.Start();
        await sink.UntilAsync(s => s.Held.Count == 40);
        for (ulong i = 41; i <= 80; i++)
        {
            hub.Apply(new CacheChange { Stored = [(i - 1, i)] });
        }

        await sink.UntilAsync(s => s.Held.Count == 80);
        Assert.Equal(1, sink.Snapshots);
        Assert.Contains(asked, path => path.StartsWith("/internal/events?generation=first&after=", StringComparison.Ordinal));
        Volatile.Write(ref current, next);
        await sink.UntilAsync(s => s.Held.SetEquals([900UL]));
        Assert.Equal(2, sink.Snapshots);
    }

    [Fact]
    public async Task A_fault_of_the_sink_is_told_as_a_loss_and_ends_with_a_snapshot_and_not_with_the_ear()
    {
        ScriptedUpstream worker = new(async (request, output) => request.Path == "/internal/info"
            ? await InfoAsync(output, "g")
            : await WriteAsync(output, [WorkerLines.Snapshot("g", 1, [1], true), WorkerLines.Stored("g", 2, 1, [2])], end: true));
        Sink sink = new() { Faulty = 2 };
        await using WorkerLink link = new(worker, sink, Fast, TimeProvider.System);
        link.Start();
        await sink.UntilAsync(s => s.Held.SetEquals([1UL, 2]));
        Assert.Contains("the sink broke", sink.Losses);
        Assert.InRange(sink.Snapshots, 2, int.MaxValue);
    }

    [Fact]
    public async Task A_missing_event_or_one_that_the_sink_cannot_use_leads_to_a_snapshot()
    {
        int asked = 0;
        ScriptedUpstream worker = new(async (request, output) =>
        {
            if (request.Path == "/internal/info")
            {
                return await InfoAsync(output, "g");
            }

            byte[][] lines = Interlocked.Increment(ref asked) switch
            {
                1 => [WorkerLines.Snapshot("g", 1, [1], true), WorkerLines.Stored("g", 2, 1, [2]), WorkerLines.Stored("g", 4, 2, [4])],
                2 => [WorkerLines.Snapshot("g", 9, [1, 2, 3, 4], true), WorkerLines.Stored("g", 10, 4, [666])],
                _ => [WorkerLines.Snapshot("g", 11, [1, 2, 3, 4, 5], true)],
            };
            Assert.Equal("/internal/events", request.Path);
            return await WriteAsync(output, [.. lines], end: asked < 3);
        });
        Sink sink = new() { Unusable = 666 };
        await using WorkerLink link = new(worker, sink, Fast, TimeProvider.System);
        link.Start();
        await sink.UntilAsync(s => s.Held.SetEquals([1UL, 2, 3, 4, 5]));
        Assert.Equal(3, sink.Snapshots);
    }

    [Theory]
    [InlineData(401, "", "", "secret")]
    [InlineData(404, "", "", "no worker")]
    [InlineData(500, "", "", "500")]
    [InlineData(200, "<html>", "", "/internal/info")]
    [InlineData(200, """{"name":"w"}""", "", "/internal/info")]
    [InlineData(200, null, "garbage\n", "event stream")]
    [InlineData(200, null, "{\"generation\":\"g\",\"seq\":1,\"snapshot\":{\"blocks\":[],\"last\":false}}\n", "empty")]
    public async Task What_is_no_worker_is_refused_with_a_reason(int status, string? info, string events, string reason)
    {
        ScriptedUpstream worker = new(async (request, output) =>
        {
            if (request.Path == "/internal/info" && info is null)
            {
                return await InfoAsync(output, "g");
            }

            await WriteAsync(output, [Encoding.UTF8.GetBytes(request.Path == "/internal/info" ? info! : events)], end: true);
            return status;
        });
        Sink sink = new();
        await using WorkerLink link = new(worker, sink, Fast, TimeProvider.System);
        link.Start();
        await sink.UntilAsync(s => s.Losses.Count >= 3);
        Assert.All(sink.Losses, loss => Assert.Contains(reason, loss, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("an endless line")]
    [InlineData("an endless snapshot")]
    [InlineData("an endless answer about itself")]
    public async Task What_never_ends_is_refused_and_takes_no_memory(string kind)
    {
        ConcurrentQueue<long> taken = [];
        ScriptedUpstream worker = new(async (request, output) =>
        {
            if (request.Path == "/internal/info" && kind != "an endless answer about itself")
            {
                return await InfoAsync(output, "g");
            }

            byte[] piece = kind == "an endless snapshot"
                ? WorkerLines.Snapshot("g", 1, [.. Enumerable.Range(1, 100).Select(i => (ulong)i)], last: false)
                : new byte[4096];
            _ = FloodAsync(output, piece);
            return 200;
        });
        Sink sink = new();
        await using WorkerLink link = new(worker, sink, Fast with { MaxLineBytes = 64 * 1024 }, TimeProvider.System);
        link.Start();
        await sink.UntilAsync(s => s.Losses.Count >= 3);
        await HttpUpstreams.UntilAsync(() => taken.Count >= 3);
        Assert.All(taken, bytes => Assert.InRange(bytes, 1, 1 << 20));
        Assert.InRange(sink.MostParts, 0, 1000);

        async Task FloodAsync(PipeWriter output, byte[] piece)
        {
            // It is asked again and again while the test looks: what one answer may take is what is bounded.
            FlushResult result = default;
            long written = 0;
            while (!result.IsCompleted && written <= 16 << 20)
            {
                written += piece.Length;
                result = await output.WriteAsync(piece, Cancellation);
            }

            taken.Enqueue(written);
        }
    }

    /// <summary>Begins to listen, and waits until nothing that the worker tells from now on can be missed.</summary>
    private static Task StartAsync(WorkerLink link, Sink sink)
    {
        link.Start();
        return sink.UntilAsync(s => s.Snapshots > 0);
    }

    private static async Task<int> InfoAsync(PipeWriter output, string generation)
    {
        ArrayBufferWriter<byte> info = new();
        WorkerInfo.Write(info, new WorkerInfo
        {
            Name = "w",
            Model = "m",
            NumericsId = "n",
            Generation = generation,
            BlockTokens = 32,
            KvTokens = 32 * 1000,
            MaxSequences = 8,
            ContextLength = 100,
        });
        return await WriteAsync(output, [info.WrittenSpan.ToArray()], end: true);
    }

    private static async Task<int> EventsAsync(PipeWriter output, WorkerEventHub hub, string path, int lines)
    {
        long after = -1;
        if (path.Contains($"generation={hub.Generation}&", StringComparison.Ordinal))
        {
            after = long.Parse(path[(path.LastIndexOf('=') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        }

        return await WriteAsync(output, [.. hub.Read(ref after, int.MaxValue, out _).Take(lines)], end: true);
    }

    private static async Task<int> WriteAsync(PipeWriter output, byte[][] pieces, bool end)
    {
        foreach (byte[] piece in pieces)
        {
            await output.WriteAsync(piece, Cancellation);
        }

        if (end)
        {
            await output.CompleteAsync();
        }

        return 200;
    }

    /// <summary>Keeps what it is told.</summary>
    private sealed class Sink : IWorkerSink
    {
        private readonly Lock _lock = new();
        private readonly HashSet<ulong> _parts = [];
        private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HashSet<ulong> Held { get; } = [];

        public Dictionary<long, WorkerEvent.Prompt> Prompts { get; } = [];

        public ConcurrentQueue<string> Losses { get; } = [];

        public WorkerInfo? Info { get; private set; }

        public WorkerStatus? Status { get; private set; }

        public int Snapshots { get; private set; }

        public int Removed { get; private set; }

        public int MostParts { get; private set; }

        public ulong? Unusable { get; init; }

        /// <summary>A block that breaks it, once.</summary>
        public ulong? Faulty { get; set; }

        public override string ToString()
        {
            lock (_lock)
            {
                return $"""
                    {Snapshots} snapshots, {Held.Count} blocks held, prompts [{string.Join(", ", Prompts.Keys)}], generation {Info?.Generation}, {Status},
                    {Losses.Count} losses, the last of them: {string.Join(" | ", Losses.TakeLast(5))}
                    """;
            }
        }

        public async Task UntilAsync(Func<Sink, bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
        {
            // One watchdog for the whole wait: heartbeats come every second and must not wind it up again.
            using CancellationTokenSource watchdog = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            watchdog.CancelAfter(TestWorker.Watchdog);
            while (true)
            {
                Task news;
                lock (_lock)
                {
                    if (condition(this))
                    {
                        return;
                    }

                    news = _news.Task;
                }

                try
                {
                    await news.WaitAsync(watchdog.Token);
                }
                catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
                {
                    Assert.Fail($"waited in vain for {what}; {this}");
                }
            }
        }

        public bool Holds(HashSet<ulong> blocks)
        {
            lock (_lock)
            {
                return Held.SetEquals(blocks);
            }
        }

        public void Connected(WorkerInfo info) => Note(() => Info = info);

        public void Beat(string generation, WorkerStatus status) => Note(() => Status = status);

        public void Lost(string reason) => Note(() => Losses.Enqueue(reason));

        public EventOutcome Apply(WorkerEvent news)
        {
            EventOutcome outcome = EventOutcome.Applied;
            Note(() =>
            {
                switch (news)
                {
                    case WorkerEvent.Stored stored when stored.Blocks.Contains(Faulty ?? 0):
                        Faulty = null;
                        throw new InvalidOperationException("the sink broke");
                    case WorkerEvent.Stored stored when stored.Blocks.Contains(Unusable ?? 0):
                        outcome = EventOutcome.Gap;
                        break;
                    case WorkerEvent.Stored stored:
                        Held.UnionWith(stored.Blocks);
                        break;
                    case WorkerEvent.Removed removed:
                        Held.ExceptWith(removed.Blocks);
                        Removed += removed.Blocks.Length;
                        break;
                    case WorkerEvent.Prompt prompt:
                        Prompts[prompt.Request] = prompt;
                        break;
                    case WorkerEvent.Snapshot part:
                        _parts.UnionWith(part.Blocks);
                        MostParts = Math.Max(MostParts, _parts.Count);
                        if (part.Last)
                        {
                            Held.Clear();
                            Held.UnionWith(_parts);
                            _parts.Clear();
                            Snapshots++;
                        }

                        break;
                }
            });
            return outcome;
        }

        private void Note(Action change)
        {
            lock (_lock)
            {
                change();
                _news.TrySetResult();
                _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}

using System.Net;
using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// What clients see when the network between gateway and workers fails while the workers go on: nothing. Each answer is compared with that of an undisturbed
/// run, and the links count the streams that each fault struck.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class LinkFaultTests
{
    private const int Kinds = 12;
    private const int Streams = 200;

    private static readonly Toxic[] Resets =
    [
        new(ToxicKind.ResetBeforeHead), new(ToxicKind.ResetAfterHead), new(ToxicKind.ResetAfterEvents, 1), new(ToxicKind.ResetAfterEvents, 40), new(ToxicKind.ResetBeforeDone),
    ];

    [Fact]
    public async Task Streams_survive_resets_silence_refusal_and_slowness_of_their_links_byte_for_byte()
    {
        await using Links links = new();
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 4,
            // How many may be tried again in a second is not what is held here: of what is lost at one time, nothing is to wait for others.
            "retries: { budget_per_second: 1000 }",
            new FleetShape
            {
                Link = links.Add,
                Pool = "policy: round_robin",

                // A link that swallows is known by its silence. Healthy workers, which share few processors, are silent for seconds at times.
                Timeouts = ", connect_timeout: 1m, first_byte_timeout: 1m, idle_timeout: 12s",
                HeartbeatTimeout = "10s",
            });
        string[] undisturbed = new string[Kinds];
        for (int kind = 0; kind < Kinds; kind++)
        {
            undisturbed[kind] = await fleet.StreamAsync(Body(kind, "reference"), $"reference-{kind}");
            Assert.EndsWith("data: [DONE]\n", undisturbed[kind], StringComparison.Ordinal);
        }

        links[0].Plan(exchange => exchange < 20 ? Resets[exchange % Resets.Length] : default);
        links[1].Plan(exchange => exchange < 4 ? new Toxic(ToxicKind.SwallowAfterEvents, 10) : default);
        links[2].Plan(exchange => exchange < 12 ? new Toxic(ToxicKind.Slow, 16_000) : default);

        int begun = 0;
        Task<string>[] streams = [.. Enumerable.Range(0, Streams).Select(i =>
            fleet.StreamAsync(Body(i % Kinds, $"client-{i}"), $"stream-{i}", _ => Interlocked.Increment(ref begun)))];
        bool over = false;
        Task all = Task.WhenAll(streams).ContinueWith(_ => Volatile.Write(ref over, true), TaskScheduler.Default);

        await UntilAsync(() => links[3].RunningStreams >= 3 || Volatile.Read(ref over));
        links[3].Cut();
        await UntilAsync(() => (Volatile.Read(ref begun) >= Streams / 3 && links[1].Struck(ToxicKind.SwallowAfterEvents) > 0) || Volatile.Read(ref over));
        links[3].Heal();
        await UntilAsync(() => links[1].RunningStreams >= 3 || Volatile.Read(ref over));
        links[1].Silence();
        await UntilAsync(() => Volatile.Read(ref begun) >= Streams * 9 / 10 || Volatile.Read(ref over));
        links[1].Heal();

        string[] answers = await Task.WhenAll(streams).WaitAsync(TimeSpan.FromMinutes(4));
        await all;
        for (int i = 0; i < Streams; i++)
        {
            Assert.Equal(undisturbed[i % Kinds], answers[i]);
        }

        // Otherwise the faults fell between the streams and the comparison shows nothing.
        TestContext.Current.TestOutputHelper?.WriteLine(links.ToString());
        Assert.All(Resets, reset => Assert.True(links[0].Struck(reset.Kind) > 0, $"no stream met {reset}"));
        Assert.True(links[1].Struck(ToxicKind.SwallowAfterEvents) > 0, "no connection was swallowed");
        Assert.True(links[2].Struck(ToxicKind.Slow) > 0, "no stream was slow");
        Assert.True(links[3].CutStreams > 0, "no stream ran on the link that was cut");
        Assert.True(links[1].SilencedStreams > 0, "no stream ran on the link that went silent");
        int resumed = 0;
        for (int i = 0; i < Streams; i++)
        {
            JsonElement attempts = (await fleet.ExplainAsync($"stream-{i}")).GetProperty("attempts");
            resumed += attempts.EnumerateArray().Count(attempt => attempt.GetProperty("kind").GetString() == "ResumeExactly");
        }

        Assert.True(resumed >= links[3].CutStreams, $"{resumed} resumes");
    }

    [Fact]
    public async Task A_single_wrong_letter_would_be_found()
    {
        await using Links links = new();
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 1, shape: new FleetShape { Link = links.Add });
        string undisturbed = await fleet.StreamAsync(Body(1, "reference"), "reference");
        links[0].Plan(_ => new Toxic(ToxicKind.Corrupt, 20));
        string corrupted = await fleet.StreamAsync(Body(1, "reference"), "corrupted");
        Assert.Equal(1, links[0].Struck(ToxicKind.Corrupt));
        Assert.EndsWith("data: [DONE]\n", corrupted, StringComparison.Ordinal);
        Assert.NotEqual(undisturbed, corrupted);
    }

    /// <summary>Greedy and seeded requests, some of two choices with stop strings. The name makes bodies differ and answers not.</summary>
    private static string Body(int kind, string name)
    {
        string sampling = (kind % 3) switch
        {
            0 => "\"temperature\":0",
            1 => $"\"temperature\":1.0,\"seed\":{kind},\"frequency_penalty\":0.5",
            _ => $"\"temperature\":0.9,\"seed\":{kind},\"n\":2,\"stop\":[\"zebra\",\"the end\"]",
        };
        return $$"""
            {"model":"tiercel-tiny","stream":true,"stream_options":{"include_usage":true},"max_tokens":100,"ignore_eos":true,"user":"{{name}}",{{sampling}},
            "messages":[{"role":"user","content":"Tell me a long story number {{kind}} about a fox and a river."}]}
            """;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    /// <summary>A faulty link in front of each worker.</summary>
    private sealed class Links : IAsyncDisposable
    {
        private readonly List<ToxicProxy> _links = [];

        public override string ToString() => string.Join('\n', _links.Select((link, index) =>
            $"link {index}: {link.Exchanges} exchanges, {link.CutStreams} cut, {link.SilencedStreams} silenced, "
            + string.Join(", ", Enum.GetValues<ToxicKind>().Where(kind => link.Struck(kind) > 0).Select(kind => $"{link.Struck(kind)} {kind}"))));

        public ToxicProxy this[int index] => _links[index];

        public IPEndPoint Add(int index, IPEndPoint worker)
        {
            _links.Add(new ToxicProxy(worker));
            return new IPEndPoint(IPAddress.Loopback, _links[index].Port);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (ToxicProxy link in _links)
            {
                await link.DisposeAsync();
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Globalization;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// What clients see when workers die, stand still, are drained or restarted under load: nothing. Each answer is compared, event by event, with that of an
/// undisturbed run, and each fault is seen to have happened.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class FaultTests
{
    private const int Kinds = 16;
    private const int Streams = 200;

    [Fact]
    public async Task Streams_survive_the_death_the_standstill_and_the_drain_of_their_workers_byte_for_byte()
    {
        // Where four workers, a gateway and other tests share few processors, a healthy worker is silent for seconds at times.
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 4, shape: new FleetShape { HeartbeatTimeout = "6s" });
        string[] undisturbed = new string[Kinds];
        for (int kind = 0; kind < Kinds; kind++)
        {
            undisturbed[kind] = await fleet.StreamAsync(Body(kind), $"reference-{kind}");
            Assert.EndsWith("data: [DONE]\n", undisturbed[kind], StringComparison.Ordinal);
        }

        ConcurrentQueue<string> begun = [];
        Task<string>[] streams = [.. Enumerable.Range(0, Streams).Select(i => fleet.StreamAsync(Body(i % Kinds), $"stream-{i}", begun.Enqueue))];

        // Whom a fault strikes must have something to lose.
        await UntilAsync(() => begun.Count >= 20 && Array.TrueForAll(["w0", "w1", "w2"], worker => begun.Count(name => name == worker) >= 3));

        await fleet.Workers[0].SignalAsync("KILL");
        await fleet.Workers[0].WaitAsync();
        Assert.True(fleet.Workers[0].HasExited);

        await fleet.Workers[1].SignalAsync("STOP");
        await UntilAsync(() => ProcessFleet.StateOf(fleet.Workers[1]) == 'T');

        Task restart = fleet.RestartAsync(0);
        await UntilAsync(() => begun.Count >= 60 || streams.All(stream => stream.IsCompleted));
        await fleet.Workers[2].SignalAsync("TERM");

        // It stands still until its streams are taken from it, and not much longer: the others may all be away.
        await UntilAsync(async () => await MovedAsync(fleet, "stalled") > 0);
        await fleet.Workers[1].SignalAsync("CONT");
        await UntilAsync(() => ProcessFleet.StateOf(fleet.Workers[1]) != 'T');

        string[] answers = await Task.WhenAll(streams).WaitAsync(TimeSpan.FromMinutes(4));
        await restart;
        await fleet.Workers[2].WaitAsync();
        for (int i = 0; i < Streams; i++)
        {
            if (answers[i] != undisturbed[i % Kinds])
            {
                Assert.Fail($"stream-{i} differs. It ends with:\n{answers[i][^Math.Min(600, answers[i].Length)..]}\n{await fleet.ExplainAsync($"stream-{i}")}");
            }
        }

        // Otherwise the faults fell between the streams and the comparison shows nothing.
        foreach (string fault in (string[])["broken", "stalled", "drained"])
        {
            Assert.True(await MovedAsync(fleet, fault) > 0, $"no {fault} stream was resumed");
        }
    }

    [Fact]
    public async Task A_rolling_restart_under_load_is_not_seen()
    {
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 2, shape: new FleetShape { HeartbeatTimeout = "10s" });
        string undisturbed = await fleet.StreamAsync(Body(3), "reference");
        using CancellationTokenSource enough = new();
        Task<List<string>>[] clients = [.. Enumerable.Range(0, 8).Select(client => StreamUntilAsync(fleet, client, enough.Token))];
        for (int worker = 0; worker < 2; worker++)
        {
            await fleet.Workers[worker].SignalAsync("TERM");
            await fleet.Workers[worker].WaitAsync();
            await fleet.RestartAsync(worker);
            await fleet.UntilAsync(usable => usable == 2);
        }

        await enough.CancelAsync();
        foreach (Task<List<string>> client in clients)
        {
            List<string> answers = await client.WaitAsync(TimeSpan.FromMinutes(2));
            Assert.NotEmpty(answers);
            Assert.All(answers, answer => Assert.Equal(undisturbed, answer));
        }
    }

    private static async Task<List<string>> StreamUntilAsync(ProcessFleet fleet, int client, CancellationToken enough)
    {
        List<string> answers = [];
        while (!enough.IsCancellationRequested)
        {
            answers.Add(await fleet.StreamAsync(Body(3), $"rolling-{client}-{answers.Count}"));
        }

        return answers;
    }

    /// <summary>Requests of all sorts: greedy and seeded, with penalties, several choices, stop strings.</summary>
    private static string Body(int kind)
    {
        string sampling = (kind % 4) switch
        {
            0 => "\"temperature\":0",
            1 => $"\"temperature\":1.0,\"seed\":{kind}",
            2 => $"\"temperature\":0.8,\"top_p\":0.9,\"seed\":{kind},\"frequency_penalty\":0.5,\"presence_penalty\":0.3",
            _ => $"\"temperature\":0.9,\"seed\":{kind},\"n\":2,\"stop\":[\"zebra\",\"the end\"]",
        };
        return $$"""
            {"model":"tiercel-tiny","stream":true,"stream_options":{"include_usage":true},"max_tokens":160,"ignore_eos":true,{{sampling}},
            "messages":[{"role":"user","content":"Tell me a long story number {{kind}} about a fox and a river."}]}
            """;
    }

    /// <summary>Streams that the gateway has resumed exactly for a reason, as it counts them.</summary>
    private static async Task<double> MovedAsync(ProcessFleet fleet, string reason)
    {
        string metrics = await fleet.Client.GetStringAsync(new Uri($"{fleet.Url}/metrics"));
        return metrics.Split('\n')
            .Where(line => line.StartsWith("tiercel_gateway_resumes_total{", StringComparison.Ordinal)
                && line.Contains("\"resume_exactly\"", StringComparison.Ordinal) && line.Contains($"\"{reason}\"", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }
}

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
    private const int Clients = 200;

    [Fact]
    public async Task Streams_survive_the_death_the_standstill_and_the_drain_of_their_workers_byte_for_byte()
    {
        // Where four workers, a gateway and other tests share few processors, a healthy worker is silent for seconds at times.
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 4, shape: new FleetShape { HeartbeatTimeout = "15s" });
        string[] undisturbed = new string[Kinds];
        for (int kind = 0; kind < Kinds; kind++)
        {
            undisturbed[kind] = await fleet.StreamAsync(Body(kind), $"reference-{kind}");
            Assert.EndsWith("data: [DONE]\n", undisturbed[kind], StringComparison.Ordinal);
        }

        // Clients ask until every fault has struck and done its work, so that each finds something to lose however slow or fast the machine is.
        RunningStreams running = new();
        using CancellationTokenSource enough = new();
        int compared = 0;
        Task clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            for (int i = 0; i == 0 || !enough.IsCancellationRequested; i++)
            {
                int kind = (client + (5 * i)) % Kinds;
                string id = $"stream-{client}-{i}";
                string answer = await fleet.StreamAsync(Body(kind), id, worker => running.Begun(id, worker));
                running.Ended(id);
                if (answer != undisturbed[kind])
                {
                    Assert.Fail($"{id} differs. It ends with:\n{answer[^Math.Min(600, answer.Length)..]}\n{await fleet.ExplainAsync(id)}");
                }

                Interlocked.Increment(ref compared);
            }
        }));

        await running.StopWhileItServesAsync(fleet, 0, clients);
        await fleet.Workers[0].SignalAsync("KILL");
        Assert.Equal(128 + 9, await fleet.Workers[0].WaitAsync());
        await running.StopWhileItServesAsync(fleet, 1, clients);
        Task restart = fleet.RestartAsync(0);
        await running.StopWhileItServesAsync(fleet, 2, clients);
        await fleet.Workers[2].SignalAsync("TERM");
        await fleet.Workers[2].SignalAsync("CONT");

        // The one that stands still does so until its streams are taken from it, and not much longer: the others may all be away.
        await UntilMovedAsync(fleet, "stalled", clients);
        await fleet.Workers[1].SignalAsync("CONT");
        await UntilAsync(() => ProcessFleet.StateOf(fleet.Workers[1]) != 'T');
        await UntilMovedAsync(fleet, "broken", clients);
        await UntilMovedAsync(fleet, "drained", clients);
        await restart;
        await fleet.Workers[2].WaitAsync();
        await enough.CancelAsync();
        await clients.WaitAsync(TimeSpan.FromMinutes(4));
        Assert.True(compared >= Clients, $"{compared} streams were compared");
    }

    [Fact]
    public async Task A_rolling_restart_under_load_is_not_seen()
    {
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 2);
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

    [Fact]
    public async Task Streams_whose_worker_dies_before_their_first_byte_go_on_elsewhere_though_nothing_may_be_tried_again()
    {
        const int Asked = 24;
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 2, "retries: { budget_share: 0, budget_per_second: 0 }", new FleetShape { Pool = "policy: round_robin" });
        string undisturbed = await fleet.StreamAsync(Body(3), "reference-0");
        Assert.Equal(undisturbed, await fleet.StreamAsync(Body(3), "reference-1"));

        // It stands still before they come, so that it has answered none of them.
        await fleet.Workers[0].SignalAsync("STOP");
        await UntilAsync(() => ProcessFleet.StateOf(fleet.Workers[0]) == 'T');
        Task<string>[] streams = [.. Enumerable.Range(0, Asked).Select(i => fleet.StreamAsync(Body(3), $"stream-{i}"))];
        await UntilAsync(async () => await WaitingAsync(fleet, "w0") is >= Asked / 4 and int held && held + streams.Count(stream => stream.IsCompleted) == Asked);
        await fleet.Workers[0].SignalAsync("KILL");
        Assert.Equal(128 + 9, await fleet.Workers[0].WaitAsync());
        Assert.All(await Task.WhenAll(streams).WaitAsync(TimeSpan.FromMinutes(4)), answer => Assert.Equal(undisturbed, answer));
    }

    [Fact]
    public async Task Streams_of_the_only_worker_go_on_when_it_goes_on_after_a_standstill()
    {
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 1, shape: new FleetShape { HeartbeatTimeout = "6s" });
        string[] undisturbed = [.. await Task.WhenAll(Enumerable.Range(0, Kinds).Select(kind => fleet.StreamAsync(Body(kind), $"reference-{kind}")))];
        RunningStreams running = new();
        Task<string>[] streams = [.. Enumerable.Range(0, Kinds).Select(kind => fleet.StreamAsync(Body(kind), $"stream-{kind}", worker => running.Begun($"stream-{kind}", worker)))];
        await running.StopWhileItServesAsync(fleet, 0, Task.WhenAll(streams));

        // Its streams are taken from it, and nobody else is there.
        await UntilAsync(async () => await MovedAsync(fleet, "stalled") > 0);
        await fleet.Workers[0].SignalAsync("CONT");
        Assert.Equal(undisturbed, await Task.WhenAll(streams).WaitAsync(TimeSpan.FromMinutes(4)));
    }

    /// <summary>Requests that a worker has and has not begun to answer.</summary>
    private static async Task<int> WaitingAsync(ProcessFleet fleet, string worker) =>
        (await fleet.ShownAsync()).Pools.Single().Replicas.Single(replica => replica.Name == worker).Waiting;

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

    /// <summary>Waits until a stream was moved for a reason: otherwise that fault fell between the streams, and comparing them shows nothing.</summary>
    private static async Task UntilMovedAsync(ProcessFleet fleet, string reason, Task clients)
    {
        await UntilAsync(async () => await MovedAsync(fleet, reason) > 0 || clients.IsCompleted);
        Assert.False(clients.IsFaulted, $"{clients.Exception}");
        Assert.True(await MovedAsync(fleet, reason) > 0, $"no {reason} stream was resumed");
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

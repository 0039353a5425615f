using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// Hundreds of clients ask for answers and read nothing, from engines that send all they can. The gateway's memory stays within its bound, who reads is served
/// meanwhile, and when the limit for slow readers is over their places are given back and the ledger has what was sent for them.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class SlowReaderTests
{
    private const int EventReaders = 160;
    private const int LineReaders = 40;
    private const int WorkerReaders = 2;
    private const int Slow = EventReaders + WorkerReaders;
    private const int Healthy = 24;

    /// <summary>
    /// Resident memory that the gateway may take over what it had, in KiB: for each of those that do not read the half MiB that docs/configuration.md says, twice
    /// the longest event for each endless line, and what a garbage collector leaves lying of work that is over.
    /// </summary>
    private const long BoundKiB = (Slow * 512) + (LineReaders * 2 * 256) + (48 * 1024);

    [Fact]
    public async Task Clients_that_read_nothing_take_bounded_memory_and_nothing_from_those_that_read()
    {
        await using FloodEngine flood = new();
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 2,
            """
            limits: { slow_reader: 1h, max_event: 256KiB }
            classes: { patient: { ttft: 1h } }
            """,
            new FleetShape
            {
                // Whose class has an objective is sent wherever it can be met: how many a foreign engine seems to bear, which follows from times, does not matter.
                MorePools = $"  flood: {{ upstreams: [ {string.Join(", ", Enumerable.Range(0, 5).Select(i => $"{{ name: flood{i}, kind: openai, url: \"{flood.Url}/e{i}\", connect_timeout: 1m, first_byte_timeout: 1h, idle_timeout: 1h }}"))} ] }}",
                MoreRoutes = ", flood: { pool: flood, class: patient }",
            });
        string undisturbed = await fleet.StreamAsync(Story, "reference");
        long before = ResidentKiB(fleet);
        long peak = before;
        using CancellationTokenSource measured = new();
        Task measuring = MeasureAsync();

        List<(string Id, Socket Socket)> clients = [];
        try
        {
            for (int i = 0; i < EventReaders; i++)
            {
                clients.Add(await AskAndReadNothingAsync(fleet, Flood("endless events"), $"events-{i}"));
            }

            for (int i = 0; i < LineReaders; i++)
            {
                clients.Add(await AskAndReadNothingAsync(fleet, Flood("an endless line"), $"line-{i}"));
            }

            for (int i = 0; i < WorkerReaders; i++)
            {
                clients.Add(await AskAndReadNothingAsync(fleet, Long, $"worker-{i}"));
            }

            // Those with an endless line are refused by themselves; the others are held.
            await UntilAsync(async () => flood.Begun >= EventReaders + LineReaders && await ActiveAsync(fleet) == Slow);

            // Who reads is served, all of it, beside them.
            string[] answers = await Task.WhenAll(Enumerable.Range(0, Healthy).Select(i => fleet.StreamAsync(Story, $"healthy-{i}"))).WaitAsync(TimeSpan.FromMinutes(4));
            Assert.All(answers, answer => Assert.Equal(undisturbed, answer));
            await UntilAsync(async () => await ActiveAsync(fleet) == Slow && flood.Running == EventReaders && await IsHeldBackAsync(flood));
            Assert.Equal(EventReaders, flood.Running);
            Assert.Equal(0, flood.UnboundedStreams);
            long held = ResidentKiB(fleet);

            // The limit comes, and with it their places are given back.
            await LimitAsync(fleet, "1h", "1s");
            await UntilAsync(async () => await ActiveAsync(fleet) == 0 && flood.Running == 0 && await RunningAsync(fleet) == 0);
            await measured.CancelAsync();
            await measuring;
            TestContext.Current.TestOutputHelper?.WriteLine($"resident: {before} KiB before, {held} held, {peak} at most; bound {before + BoundKiB}; the engine sent {flood.Bytes >> 20} MiB");
            Assert.InRange(peak, before, before + BoundKiB);
            Assert.Equal(undisturbed, await fleet.StreamAsync(Story, "afterwards"));

            Dictionary<string, int> read = [];
            foreach ((string id, Socket socket) in clients)
            {
                read.Add(id, await DrainAsync(socket));
            }

            await fleet.Gateway.SignalAsync("TERM");
            Assert.Equal(0, await fleet.Gateway.WaitAsync());
            await AssertLedgerAsync(fleet, read, undisturbed, flood);
        }
        finally
        {
            clients.ForEach(client => client.Socket.Dispose());
            await measured.CancelAsync();
            await measuring;
        }

        async Task MeasureAsync()
        {
            while (!measured.IsCancellationRequested)
            {
                peak = Math.Max(peak, ResidentKiB(fleet));
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>One row for each request: those that read are billed what they were told, those that did not what was sent for them, and no more than engines made.</summary>
    private static async Task AssertLedgerAsync(ProcessFleet fleet, Dictionary<string, int> read, string undisturbed, FloodEngine flood)
    {
        UsageTold[] told = [.. Enumerable.Range(0, Healthy).Select(i => $"healthy-{i}").Append("reference").Append("afterwards").Select(id => UsageTold.OfStream(id, undisturbed))];
        UsageTold.AssertBilledOnce(fleet.Ledger, told);
        Dictionary<string, string> outcomes = UsageRows.Texts(fleet.Ledger, "SELECT id || ' ' || outcome FROM usage WHERE outcome <> 'ok'").Select(row => row.Split(' ')).ToDictionary(row => row[0], row => row[1]);
        Assert.Equal(read.Keys.Order(), outcomes.Keys.Order());
        Assert.All(outcomes, row => Assert.Equal(row.Key.StartsWith("line", StringComparison.Ordinal) ? "upstream_broken" : "slow_reader", row.Value));
        Dictionary<string, long> billed = UsageRows.Texts(fleet.Ledger, "SELECT id || ' ' || completion_tokens FROM usage WHERE outcome <> 'ok'")
            .Select(row => row.Split(' ')).ToDictionary(row => row[0], row => long.Parse(row[1], CultureInfo.InvariantCulture));
        Assert.All(billed, row => Assert.True(row.Value >= Math.Max(1, read[row.Key]), $"{row.Key} read {read[row.Key]} events and is billed {row.Value}"));
        Assert.All(billed, row => Assert.True(row.Value == 1 || !row.Key.StartsWith("line", StringComparison.Ordinal), $"{row.Key} is billed {row.Value}"));
        long events = billed.Where(row => row.Key.StartsWith("events", StringComparison.Ordinal)).Sum(row => row.Value);
        Assert.InRange(events, EventReaders, flood.Bytes / FloodEngine.EventBytes);
        long worker = billed.Where(row => row.Key.StartsWith("worker", StringComparison.Ordinal)).Sum(row => row.Value);
        Assert.InRange(worker, WorkerReaders, long.MaxValue);

        // A worker counts a request when it is over, which may be after the gateway has billed it.
        long all = UsageRows.Numbers(fleet.Ledger, "SELECT SUM(completion_tokens) FROM usage WHERE upstream LIKE 'w%'").Single();
        Assert.Equal(all, worker + told.Sum(one => one.Completion));
        await UntilAsync(async () => await CompletionAsync(fleet) >= all);
    }

    private static async Task<(string Id, Socket Socket)> AskAndReadNothingAsync(ProcessFleet fleet, string body, string id)
    {
        Socket client = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, new Uri(fleet.Url).Port);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-request-id: {id}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        return (id, client);
    }

    /// <summary>Reads what is there until the connection ends.</summary>
    /// <returns>Whole events with content that came.</returns>
    private static async Task<int> DrainAsync(Socket client)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        StringBuilder text = new();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await client.ReceiveAsync(buffer, watchdog.Token) is int count and > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
                if (text.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
                {
                    break;
                }
            }
        }
        catch (SocketException)
        {
            // It was cut.
        }

        return text.ToString().Split("\n\n").SkipLast(1).Count(part => part.Contains("data: {", StringComparison.Ordinal) && part.Contains("\"content\":\"", StringComparison.Ordinal) && !part.Contains("\"role\"", StringComparison.Ordinal));
    }

    private static async Task LimitAsync(ProcessFleet fleet, string before, string after)
    {
        string text = await File.ReadAllTextAsync(fleet.ConfigurationPath);
        Assert.Contains($"slow_reader: {before}", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(fleet.ConfigurationPath, text.Replace($"slow_reader: {before}", $"slow_reader: {after}", StringComparison.Ordinal));
        await fleet.Gateway.SignalAsync("HUP");
    }

    /// <summary>Requests that the gateway works on.</summary>
    private static async Task<int> ActiveAsync(ProcessFleet fleet) => (await fleet.ShownAsync()).ActiveRequests;

    /// <summary>Requests that engines work on, as the gateway counts them and as the workers do.</summary>
    private static async Task<double> RunningAsync(ProcessFleet fleet)
    {
        double running = (await fleet.ShownAsync()).Pools.SelectMany(pool => pool.Replicas).Sum(replica => replica.Running);
        foreach (IPEndPoint address in fleet.Addresses)
        {
            string metrics = await fleet.Client.GetStringAsync(new Uri($"http://{address}/metrics"));
            running += metrics.Split('\n').Where(line => line.StartsWith("vllm:num_requests_running{", StringComparison.Ordinal) || line.StartsWith("vllm:num_requests_waiting{", StringComparison.Ordinal))
                .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        }

        return running;
    }

    /// <summary>Tokens of the answers that the workers have counted.</summary>
    private static async Task<long> CompletionAsync(ProcessFleet fleet) =>
        (await Task.WhenAll(fleet.Addresses.Select(address => EngineCounts.ReadAsync(fleet.Client, $"http://{address}")))).Sum(counts => counts.Completion);

    private static async Task<bool> IsHeldBackAsync(FloodEngine flood)
    {
        long bytes = flood.Bytes;
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
        return flood.Bytes == bytes;
    }

    private static long ResidentKiB(ProcessFleet fleet)
    {
        string line = File.ReadLines($"/proc/{fleet.Gateway.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static string Flood(string what) => $$"""{"model":"flood","stream":true,"messages":[{"role":"user","content":"{{what}}"}]}""";

    /// <summary>Its answer is larger than all buffers on the way.</summary>
    private const string Long = """{"model":"tiercel-tiny","stream":true,"max_tokens":1800,"n":16,"logprobs":true,"top_logprobs":20,"ignore_eos":true,"temperature":0,"messages":[{"role":"user","content":"Once"}]}""";

    private const string Story = """{"model":"tiercel-tiny","stream":true,"stream_options":{"include_usage":true},"max_tokens":120,"ignore_eos":true,"temperature":0,"messages":[{"role":"user","content":"Tell me a story."}]}""";

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, watchdog.Token);
        }
    }
}

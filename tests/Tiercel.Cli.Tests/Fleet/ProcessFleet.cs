using System.Net;
using System.Text;
using System.Text.Json;
using Tiercel.Cli.Tests.Processes;
using Tiercel.Gateway.Telemetry;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>A gateway and its workers, each a process of its own, on the bundled model.</summary>
internal sealed class ProcessFleet : IAsyncDisposable
{
    public const string Secret = "the-secret-of-this-tests-fleet";
    public static readonly (string, string) Environment = ("TIERCEL_CLUSTER_SECRET", Secret);
    private readonly TemporaryFolder _folder = new();

    /// <summary>Each worker has an address of its own, so that nobody else can be given its port while it restarts.</summary>
    private readonly List<IPEndPoint> _addresses = [];
    private readonly FleetShape _shape;

    private ProcessFleet(List<TiercelProcess> workers, FleetShape shape)
    {
        Workers = workers;
        _shape = shape;
        Client = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        Internal = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
        Internal.DefaultRequestHeaders.Authorization = new("Bearer", Secret);
    }

    public List<TiercelProcess> Workers { get; }

    /// <summary>Where the workers listen, by their index.</summary>
    public IReadOnlyList<IPEndPoint> Addresses => _addresses;

    public TiercelProcess Gateway { get; private set; } = null!;

    public string Url { get; private set; } = "";

    public HttpClient Client { get; }

    /// <summary>Shows the cluster secret.</summary>
    public HttpClient Internal { get; }

    public string Ledger => _shape.LedgerPath ?? _folder.File("usage.db");

    /// <summary>The gateway's configuration file.</summary>
    public string ConfigurationPath => _folder.File("tiercel.yaml");

    public static async Task<ProcessFleet> StartAsync(int workers, string settings = "", FleetShape? shape = null)
    {
        shape ??= new FleetShape();
        IPEndPoint[] addresses = [.. Enumerable.Range(0, workers).Select(_ => new IPEndPoint(LoopbackAddress.Next(), 0))];
        List<TiercelProcess> processes = [.. addresses.Select((address, index) => StartWorker(index, address, shape))];
        ProcessFleet fleet = new(processes, shape);
        for (int index = 0; index < workers; index++)
        {
            fleet._addresses.Add(new IPEndPoint(addresses[index].Address, new Uri(await UrlOfAsync(processes[index])).Port));
        }

        await File.WriteAllTextAsync(fleet.ConfigurationPath, fleet.Configuration(settings));
        await fleet.StartGatewayAsync();
        return fleet;
    }

    /// <summary>Starts the gateway, or another one after it has ended, and waits until it can use all workers.</summary>
    public async Task StartGatewayAsync()
    {
        if (Gateway is { HasExited: false })
        {
            throw new InvalidOperationException("the gateway runs");
        }

        Gateway?.Dispose();
        Gateway = TiercelProcess.StartWith(Environment, "gateway", "--config", ConfigurationPath, "--json");
        Url = await UrlOfAsync(Gateway);
        await UntilAsync(usable => usable == Workers.Count);
    }

    /// <summary>Starts a worker anew at the address of one that has ended.</summary>
    public async Task RestartAsync(int index)
    {
        Workers[index].Dispose();
        Workers[index] = StartWorker(index, _addresses[index], _shape);
        await UrlOfAsync(Workers[index]);
    }

    /// <summary>Waits until so many replicas are usable.</summary>
    public async Task UntilAsync(Func<int, bool> usable)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (true)
        {
            using HttpResponseMessage health = await Client.GetAsync(new Uri($"{Url}/health"), watchdog.Token);
            using JsonDocument told = JsonDocument.Parse(await health.Content.ReadAsByteArrayAsync(watchdog.Token));
            if (usable(told.RootElement.GetProperty("pools").GetProperty("tiny").GetProperty("usable").GetInt32()))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, watchdog.Token);
        }
    }

    /// <summary>Streams an answer and gives the events of each choice as they came, but for what differs from request to request: id and time.</summary>
    /// <param name="begun">Called at the first event, with the name of the worker that it comes from.</param>
    /// <param name="key">The key that the client shows; null for none.</param>
    public async Task<string> StreamAsync(string body, string id, Action<string>? begun = null, string? key = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, $"{Url}/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-request-id", id);
        request.Headers.Add("x-tiercel-explain", "1");
        request.Headers.Authorization = key is null ? null : new("Bearer", key);
        using HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        if (!response.IsSuccessStatusCode)
        {
            return $"{(int)response.StatusCode} {await lines.ReadToEndAsync()}";
        }

        // Choices of one answer take turns as they come, which is nobody's promise: each is written down by itself.
        SortedDictionary<int, StringBuilder> choices = [];
        StringBuilder rest = new();
        while (await lines.ReadLineAsync() is string line)
        {
            begun?.Invoke(response.Headers.GetValues("x-tiercel-routed").Single().Split(';')[0]);
            begun = null;
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                Note(JsonElement.Parse(line[6..]), line, choices, rest);
            }
            else if (line.Length > 0 && !line.StartsWith(": ping", StringComparison.Ordinal))
            {
                rest.Append(line).Append('\n');
            }
        }

        return string.Concat(choices.Values) + rest;
    }

    private static void Note(JsonElement chunk, string line, SortedDictionary<int, StringBuilder> choices, StringBuilder rest)
    {
        if (!chunk.TryGetProperty("choices", out JsonElement all))
        {
            rest.Append(line).Append('\n');
            return;
        }

        foreach (JsonElement choice in all.EnumerateArray())
        {
            int index = choice.GetProperty("index").GetInt32();
            if (!choices.TryGetValue(index, out StringBuilder? events))
            {
                choices[index] = events = new StringBuilder();
            }

            events.Append(choice.GetRawText()).Append('\n');
        }

        if (chunk.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
        {
            // What was found in a cache depends on what ran before; how many tokens there were does not.
            rest.Append(usage.GetProperty("prompt_tokens").GetInt32()).Append('+').Append(usage.GetProperty("completion_tokens").GetInt32()).Append('\n');
        }
    }

    /// <summary>Where a request went and why. The gateway remembers it when it is over, which may be after the client has the last byte.</summary>
    public async Task<JsonElement> ExplainAsync(string id)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (true)
        {
            if (await FindAsync(id, watchdog.Token) is JsonElement request)
            {
                return request;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    /// <summary>Whether the gateway still works on a request.</summary>
    public async Task<bool> IsOpenAsync(string id) => await FindAsync(id, CancellationToken.None) is null;

    /// <summary>Requests that a worker has begun to answer, as the gateway counts them.</summary>
    public async Task<int> RunningAsync(string worker) =>
        (await ShownAsync()).Pools.SelectMany(pool => pool.Replicas).Single(replica => replica.Name == worker).Running;

    /// <summary>What the gateway shows of its fleet.</summary>
    public async Task<FleetSnapshot> ShownAsync() =>
        JsonSerializer.Deserialize(await Internal.GetByteArrayAsync(new Uri($"{Url}/internal/fleet")), FleetSnapshotJson.Default.FleetSnapshot)!;

    private async Task<JsonElement?> FindAsync(string id, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await Internal.GetAsync(new Uri($"{Url}/internal/requests/{id}"), cancellationToken);
        return response.IsSuccessStatusCode ? JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)) : null;
    }

    /// <summary>Starts the program with the cluster secret in its environment.</summary>
    public static TiercelProcess StartTrusted(params string[] arguments) => TiercelProcess.StartWith(Environment, arguments);

    /// <summary>The state letter of a process, as the kernel tells it.</summary>
    public static char StateOf(TiercelProcess process)
    {
        string stat = File.ReadAllText($"/proc/{process.Id}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }

    public ValueTask DisposeAsync()
    {
        // Killed, which also ends one that stands still.
        Workers.ForEach(worker => worker.Dispose());
        Gateway?.Dispose();
        Client.Dispose();
        Internal.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static TiercelProcess StartWorker(int index, IPEndPoint address, FleetShape shape) => TiercelProcess.StartWith(
        Environment,
        [
            "worker", "--host", $"{address.Address}", "--port", $"{address.Port}", "--threads", "1", "--kv-memory", "64MiB", "--worker-name", $"w{index}", "--grace", "60", "--json",
            .. shape.WorkerArguments,
        ]);

    /// <summary>Waits until a process has told where it listens.</summary>
    public static async Task<string> UrlOfAsync(TiercelProcess process)
    {
        StringBuilder json = new();
        while (await process.Output.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2)) is string line)
        {
            json.Append(line);
            if (line == "}")
            {
                return JsonElement.Parse(json.ToString()).GetProperty("url").GetString()!.TrimEnd('/');
            }
        }

        throw new InvalidOperationException($"the process ended: {await process.ErrorAsync()}");
    }

    private string Configuration(string settings)
    {
        IEnumerable<string> upstreams = _addresses.Select((address, index) =>
            $"      - {{ name: w{index}, kind: tiercel, url: \"http://{_shape.Link?.Invoke(index, address) ?? address}\"{_shape.Timeouts}{_shape.Upstream} }}");
        return $$"""
            listen: [ { address: "127.0.0.1:0" } ]
            cluster: { secret: env:TIERCEL_CLUSTER_SECRET }
            pools:
              tiny:
                {{_shape.Pool}}
                upstreams:
            {{string.Join('\n', upstreams)}}
            {{_shape.MoreUpstreams}}
            {{_shape.MorePools}}
            routes: { tiercel-tiny: { pool: tiny }{{_shape.MoreRoutes}} }
            health: { probe_interval: 1s, probe_timeout: 10s, heartbeat_timeout: {{_shape.HeartbeatTimeout}} }
            ledger: { path: "{{Ledger}}"{{_shape.LedgerSettings}} }
            {{settings}}
            """;
    }
}

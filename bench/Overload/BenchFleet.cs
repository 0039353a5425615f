using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tiercel.Bench.Overload;

/// <summary>Workers on the bundled model and a gateway with two tenants, as processes of their own.</summary>
internal sealed class BenchFleet : IAsyncDisposable
{
    public const int Concurrency = 8;
    public const int QueueLength = 64;
    private readonly List<Process> _processes = [];
    private readonly List<string> _workers = [];
    private readonly string _program;
    private readonly string _folder = Directory.CreateTempSubdirectory("bench-overload").FullName;

    private BenchFleet(string program) => _program = program;

    private Processors Processors { get; } = Processors.Divide();

    public HttpClient Client { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = 4096 }) { Timeout = TimeSpan.FromMinutes(2) };

    public string Url { get; private set; } = "";

    /// <summary>Who has which processors, for people.</summary>
    public string Shares => Processors.ToString();

    public static async Task<BenchFleet> StartAsync(string program, int workers)
    {
        BenchFleet fleet = new(program);
        StringBuilder upstreams = new();
        for (int i = 0; i < workers; i++)
        {
            string url = await fleet.StartAsync(fleet.Processors.OfWorkers, "worker", "--port", "0", "--threads", "1", "--kv-memory", "64MiB", "--json");
            fleet._workers.Add(url);
            upstreams.Append(CultureInfo.InvariantCulture, $"      - {{ name: w{i}, kind: tiercel, url: \"{url}\", max_concurrency: {Concurrency} }}\n");
        }

        string file = Path.Combine(fleet._folder, "tiercel.yaml");
        await File.WriteAllTextAsync(file, $$"""
            listen: [ { address: "127.0.0.1:0" } ]
            cluster: { secret: env:TIERCEL_CLUSTER_SECRET }
            pools:
              tiny:
                upstreams:
            {{upstreams}}
            routes: { tiercel-tiny: { pool: tiny } }
            tenants:
              calm: { keys: [ { name: k, key: "{{HashOf("calm-key")}}" } ] }
              flood: { keys: [ { name: k, key: "{{HashOf("flood-key")}}" } ] }
            queue: { max_requests: {{QueueLength}}, max_requests_per_tenant: {{QueueLength / 2}}, max_wait: 1500ms }
            ledger: { path: usage.db }
            """);
        fleet.Url = await fleet.StartAsync(fleet.Processors.OfGateway, "gateway", "--config", file, "--json");
        while (!(await fleet.Client.GetStringAsync(new Uri($"{fleet.Url}/health"))).Contains($"\"usable\":{workers}", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }

        return fleet;
    }

    public async Task<int> QueueLengthAsync()
    {
        string metrics = await Client.GetStringAsync(new Uri($"{Url}/metrics"));
        string? line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith("tiercel_gateway_queue_length{", StringComparison.Ordinal));
        return line is null ? 0 : (int)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Answers that the workers gave, and tokens that they made for them, by their own count.</summary>
    public async Task<(long Answers, long Tokens)> EnginesAsync()
    {
        (long answers, long tokens) = (0, 0);
        foreach (string worker in _workers)
        {
            string[] lines = (await Client.GetStringAsync(new Uri($"{worker}/metrics"))).Split('\n');
            answers += Sum(lines, "vllm:request_generation_tokens_count");
            tokens += Sum(lines, "vllm:request_generation_tokens_sum");
        }

        return (answers, tokens);
    }

    /// <summary>Ends the gateway as an operator does, and reads with the program's own command what its ledger holds.</summary>
    public async Task<(long Answers, long Tokens)> LedgerAsync()
    {
        using (Process kill = Process.Start("kill", ["-TERM", $"{_processes[^1].Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await _processes[^1].WaitForExitAsync();
        ProcessStartInfo start = new("dotnet", [_program, "usage", "--ledger", Path.Combine(_folder, "usage.db"), "--by", "tenant", "--csv"]) { UseShellExecute = false, RedirectStandardOutput = true };
        using Process usage = Process.Start(start)!;
        string[][] rows = [.. (await usage.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split(','))];
        await usage.WaitForExitAsync();
        long Total(string column) => rows.Skip(1).Sum(row => long.Parse(row[Array.IndexOf(rows[0], column)], CultureInfo.InvariantCulture));
        return (Total("requests") - Total("failed_requests"), Total("completion_tokens"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            // One that has ended already is killed without complaint.
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static long Sum(string[] lines, string name) => lines
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && (line[name.Length] is ' ' or '{'))
        .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <returns>Where it listens.</returns>
    private async Task<string> StartAsync(string? processors, params string[] arguments)
    {
        ProcessStartInfo start = Processors.Start(processors, ["dotnet", _program, .. arguments]);
        start.RedirectStandardOutput = true;
        start.Environment["TIERCEL_CLUSTER_SECRET"] = "the-secret-of-this-bench";
        start.Environment["TIERCEL_HOME"] = _folder;
        Process process = Process.Start(start)!;
        _processes.Add(process);
        StringBuilder json = new();
        while (await process.StandardOutput.ReadLineAsync() is string line)
        {
            json.Append(line);
            if (line == "}")
            {
                return JsonElement.Parse(json.ToString()).GetProperty("url").GetString()!.TrimEnd('/');
            }
        }

        throw new InvalidOperationException($"'tiercel {arguments[0]}' ended at once");
    }
}

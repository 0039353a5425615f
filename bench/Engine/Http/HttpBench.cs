using System.Globalization;
using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Measuring;
using Tiercel.Bench.Engine.Rows;

namespace Tiercel.Bench.Engine.Http;

/// <summary>The rows over HTTP: <c>tiercel serve</c>, and where its path is given <c>llama-server</c>, by turns on the real model.</summary>
internal sealed class HttpBench(BenchOptions options)
{
    /// <summary>Tokens of context of llama-server, which it divides among its 32 slots: 4,096 each, enough for the longest prompt.</summary>
    private const string PeerContext = "131072";

    /// <summary>Of each scenario the rows that are promised: the figure, or another one that it gave. Floors and targets are ratios Tiercel / peer, for the gap milliseconds.</summary>
    private static readonly (string Scenario, BenchRow Row, string? Other)[] Promised =
    [
        ("http-closed-32", new("http-closed-32", "real", "32 users", "tok/s", 2.5, 4), null),
        ("http-closed-32", new("http-closed-32-ttft", "real", "32 users", "s", 0.33, 0.167) { LessIsBetter = true }, "ttft p50 s"),
        ("http-turns-16", new("http-turns-16", "real", "16 conversations", "tok/s", 2.5, 4), null),
        ("http-turns-16", new("http-turns-16-ttft", "real", "16 conversations", "s", 0.33, 0.167) { LessIsBetter = true }, "ttft p50 s"),
        ("http-gap-4", new("http-gap-4", "real", "4 streams and a long prompt", "ms", 600, 250) { LessIsBetter = true, Absolute = true }, null),
    ];

    public async Task<List<RowResult>> RunAsync()
    {
        using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { Timeout = TimeSpan.FromMinutes(20) };
        List<RowResult> results = [];
        foreach ((string name, Func<ServerProcess, Task<Figures>> run) in new HttpScenarios(http, options.Quick).All)
        {
            if (options.Rows.Count > 0 && !options.Rows.Any(row => name.StartsWith(row, StringComparison.Ordinal)))
            {
                continue;
            }

            List<Sample> ours = [];
            List<Sample> theirs = [];
            for (int i = 0; i < options.Repeat; i++)
            {
                ours.Add(await MeasureAsync(TiercelCommand(), http, run));
                if (options.PeerServer is not null)
                {
                    theirs.Add(await MeasureAsync(PeerCommand(options.PeerServer), http, run));
                }
            }

            foreach ((_, BenchRow row, string? other) in Promised.Where(promised => promised.Scenario == name))
            {
                RowResult result = new(row, Pick(ours, other), Pick(theirs, other), null);
                TableWriter.Line(result);
                results.Add(result);
            }
        }

        return results;
    }

    /// <summary>Loads the server once for each offered load.</summary>
    public async Task SaturateAsync()
    {
        using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 4096 }) { Timeout = TimeSpan.FromMinutes(20) };
        await new SaturationRun(http, options.Quick).RunAsync(() => ServerProcess.StartAsync(TiercelCommand(), http));
    }

    private static List<Sample> Pick(List<Sample> samples, string? other)
        => other is null ? samples : [.. samples.Select(sample => sample with { Value = sample.Others![other], Others = null })];

    /// <summary>The clients are in our process, and count as others: their share is reported and nothing is thrown away.</summary>
    private static async Task<Sample> MeasureAsync(IReadOnlyList<string> command, HttpClient http, Func<ServerProcess, Task<Figures>> run)
    {
        using ServerProcess server = await ServerProcess.StartAsync(command, http);
        var before = CpuShare.Take(server.ProcessId, null);
        Figures figures;
        try
        {
            figures = await run(server);
        }
        catch (HttpRequestException failed)
        {
            throw new InvalidOperationException($"{command[0]}: {failed.Message}; {server.LastWords()}", failed);
        }

        CpuShare share = CpuShare.Between(before, CpuShare.Take(server.ProcessId, null));
        return new Sample(figures.Value, share.Own, share.Others, Disturbed: false, figures.Others);
    }

    private IReadOnlyList<string> TiercelCommand()
    {
        string[] serve = ["serve", options.Real, "--port", "{port}", "--threads", options.Threads.ToString(CultureInfo.InvariantCulture)];
        return options.Program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", options.Program, .. serve] : [options.Program, .. serve];
    }

    private IReadOnlyList<string> PeerCommand(string program)
    {
        string threads = options.Threads.ToString(CultureInfo.InvariantCulture);
        return [program, "--model", options.Real, "--host", "127.0.0.1", "--port", "{port}", "--threads", threads, "--threads-batch", threads, "--parallel", "32", "--ctx-size", PeerContext];
    }
}

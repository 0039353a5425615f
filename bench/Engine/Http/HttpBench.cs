using System.Globalization;
using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Measuring;
using Tiercel.Bench.Engine.Rows;

namespace Tiercel.Bench.Engine.Http;

/// <summary>The rows over HTTP: <c>tiercel serve</c>, and where its path is given <c>llama-server</c>, by turns on the real model.</summary>
internal sealed class HttpBench(BenchOptions options)
{
    /// <summary>Floors and targets of the rows, as ratios Tiercel / peer.</summary>
    private static readonly Dictionary<string, (double Floor, double Target, bool LessIsBetter)> Promised = new(StringComparer.Ordinal)
    {
        ["http-closed-32"] = (2.5, 4, false),
        ["http-turns-16"] = (2.5, 4, false),
        ["http-gap-4"] = (0.25, 0.1, true),
    };

    public async Task<List<RowResult>> RunAsync()
    {
        using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { Timeout = TimeSpan.FromMinutes(20) };
        List<RowResult> results = [];
        foreach ((string name, string unit, Func<ServerProcess, Task<Figures>> run) in new HttpScenarios(http, options.Quick).All)
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

            (double floor, double target, bool less) = Promised[name];
            RowResult result = new(new BenchRow(name, "real", name, unit, floor, target) { LessIsBetter = less }, ours, theirs, null);
            TableWriter.Line(result);
            results.Add(result);
        }

        return results;
    }

    /// <summary>The clients are in our process, and count as others: their share is reported and nothing is thrown away.</summary>
    private static async Task<Sample> MeasureAsync(IReadOnlyList<string> command, HttpClient http, Func<ServerProcess, Task<Figures>> run)
    {
        using ServerProcess server = await ServerProcess.StartAsync(command, http);
        var before = CpuShare.Take(server.ProcessId, null);
        Figures figures = await run(server);
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
        return [program, "--model", options.Real, "--host", "127.0.0.1", "--port", "{port}", "--threads", threads, "--threads-batch", threads, "--parallel", "32", "--ctx-size", "65536"];
    }
}

using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Rows;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Measures rows: Tiercel and the peer by turns, so that whatever the machine does meets both.</summary>
internal sealed class RowRunner(BenchOptions options, string? peer, Func<string, string> findModel) : IDisposable
{
    /// <summary>Share of the processors that others may use before a measurement is thrown away.</summary>
    private const double Tolerated = 0.05;

    /// <summary>A disturbed measurement is repeated so often.</summary>
    private const int Attempts = 3;

    private const int CacheTokens = 12_288;

    private readonly Dictionary<string, ContenderClient> _running = [];
    private string _model = "";

    public RowResult Run(BenchRow row)
    {
        string path = findModel(row.Model);
        if (_model != path || row.FreshProcess)
        {
            Dispose();
            _model = path;
        }

        List<Sample> ours = [];
        List<Sample> theirs = [];
        using BusyProcess? busy = row.Busy ? new BusyProcess() : null;
        for (int i = 0; i < options.Repeat; i++)
        {
            if (peer is not null && i % 2 == 1)
            {
                theirs.Add(Measure(row, path, peer, busy?.ProcessId));
            }

            ours.Add(Measure(row, path, "tiercel", busy?.ProcessId));
            if (peer is not null && i % 2 == 0)
            {
                theirs.Add(Measure(row, path, peer, busy?.ProcessId));
            }
        }

        return new RowResult(row, ours, theirs, null);
    }

    public void Dispose()
    {
        foreach (ContenderClient client in _running.Values)
        {
            client.Dispose();
        }

        _running.Clear();
    }

    private Sample Measure(BenchRow row, string path, string engine, int? busy)
    {
        Sample? best = null;
        for (int attempt = 0; attempt < Attempts && best is null or { Disturbed: true }; attempt++)
        {
            Sample sample = row.FreshProcess ? MeasureFresh(row, path, engine) : MeasureRunning(row, path, engine, busy);
            best = best is null || sample.OthersShare < best.OthersShare ? sample : best;
        }

        return best!;
    }

    private Sample MeasureRunning(BenchRow row, string path, string engine, int? busy)
    {
        if (!_running.TryGetValue(engine, out ContenderClient? client))
        {
            client = ContenderClient.Start(engine, path, options.Threads, CacheTokens);
            _running[engine] = client;
            client.Measure("prefill 64");
            client.Measure("streams 4 16 8");
        }

        var before = CpuShare.Take(client.ProcessId, busy);
        Figures figures = client.Measure(row.What);
        CpuShare share = CpuShare.Between(before, CpuShare.Take(client.ProcessId, busy));
        return new Sample(figures.Value, share.Own, share.Others, share.Others > Tolerated, figures.Others);
    }

    /// <summary>A process of its own, and its load time or what it does next. Its start counts as the others', hence is not looked at.</summary>
    private Sample MeasureFresh(BenchRow row, string path, string engine)
    {
        int context = row.What.Split(' ') is [_, string number] ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : 2048;
        var before = CpuShare.Take(0, null);
        using ContenderClient client = ContenderClient.Start(engine, path, options.Threads, context);
        Figures figures = row.What == "load" ? new Figures(client.LoadSeconds) : client.Measure(row.What);
        CpuShare share = CpuShare.Between(before, CpuShare.Take(client.ProcessId, null));
        double others = Math.Max(0, share.Others);
        return new Sample(figures.Value, share.Own, others, row.What == "load" && others > Tolerated, figures.Others);
    }
}

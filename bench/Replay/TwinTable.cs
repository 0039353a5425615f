using System.Globalization;
using Tiercel.Simulation.Routing;

namespace Tiercel.Bench.Replay;

/// <summary>Runs of the twin as lines of a table; several seeds are averaged, with the least share beside.</summary>
internal static class TwinTable
{
    public const string Header = "policy           load  within (least)  refused   late   slow | TTFT mean   p50   p90   p99 | cached prefill | TTFT off by (mean, abs) | cached off by | CPU s";

    public static string Line(string policy, double load, TwinReport[] runs, TimeSpan taken)
    {
        double Mean(Func<TwinReport, double> value) => runs.Average(value);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{policy,-15} {load,5:f2}  {Mean(run => run.WithinObjective):f4} ({runs.Min(run => run.WithinObjective):f3})   {Mean(run => run.Refused / (double)run.Requests):f4}  {Mean(run => run.LateFirst):f3}  {Mean(run => run.SlowStream):f3} |    {Mean(run => run.TtftMean),6:f2} {Mean(run => run.TtftP50),5:f2} {Mean(run => run.TtftP90),5:f2} {Mean(run => run.TtftP99),5:f2} |  {Mean(run => run.CachedShare):f3}    {Mean(run => run.PrefillShare):f2} |           {Mean(run => run.PredictionBias),5:f2} {Mean(run => run.PredictionError),5:f2} |   {Mean(run => run.CacheBias),5:f0} {Mean(run => run.CacheError),5:f0} | {taken.TotalSeconds:f1}");
    }
}

using System.Globalization;

namespace Tiercel.Bench.Gateway;

/// <summary>
/// Prints one workload's table, and what was to be reached. Direct calls are printed as they are; the others' latency is what they add to that quantile of
/// direct calls. Rates and CPU are medians over rounds, and are set against the bare proxy's of the same run.
/// </summary>
internal static class Report
{
    public static void Print(IReadOnlyList<Measured> rows)
    {
        Measured direct = rows[0];
        Measured? bare = rows.FirstOrDefault(row => row.Contender == "proxy");
        double bareRate = Measured.Quantile(bare?.Rates ?? [], 0.5);
        double bareCpu = Measured.Quantile(bare?.CpuMicroseconds ?? [], 0.5);
        Console.WriteLine($"{rows[0].Workload,-12} added latency µs: p50      p99    p99.9 | requests/s   of bare | CPU µs/request   of bare   requests/s a core");
        foreach (Measured row in rows)
        {
            double Added(double share) => Measured.Quantile(row.Latencies, share) - (row == direct ? 0 : Measured.Quantile(direct.Latencies, share));
            double rate = Measured.Quantile(row.Rates, 0.5);
            double cpu = Measured.Quantile(row.CpuMicroseconds, 0.5);
            string name = row == direct ? "direct (all)" : row.Contender;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-12} {Added(0.5),21:F0} {Added(0.99),8:F0} {Added(0.999),8:F0} | {rate,10:F0} {rate / bareRate,9:F2} | {cpu,14:F1} {cpu / bareCpu,9:F2} {1e6 / cpu,19:F0}"));
        }

        PrintTargets(Targets.Of(direct.Workload));
        Console.WriteLine();
    }

    private static void PrintTargets(Targets targets)
    {
        string Most(double? value) => value is double most ? string.Create(CultureInfo.InvariantCulture, $"≤ {most}") : "";
        string Least(double? value) => value is double least ? string.Create(CultureInfo.InvariantCulture, $"≥ {least}") : "";
        Console.WriteLine(
            $"{"target",-12} {Most(targets.AddedP50),21} {Most(targets.AddedP99),8} {"",8} | {"",10} {Least(targets.ShareOfBareRate),9} | {Most(targets.Cpu),14} {Most(targets.TimesBareCpu),9}");
    }
}

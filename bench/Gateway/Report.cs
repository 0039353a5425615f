using System.Globalization;

namespace Tiercel.Bench.Gateway;

/// <summary>Prints one workload's table. Added latency is against direct calls of the same rounds; rates against the bare proxy.</summary>
internal static class Report
{
    public static void Print(List<Measured> rows)
    {
        Measured direct = rows[0];
        double bare = Measured.Quantile(rows.Find(row => row.Contender == "proxy")?.Rates ?? [], 0.5);
        Console.WriteLine($"{rows[0].Workload,-12} added latency µs: p50      p99    p99.9 | requests/s   of bare   CPU µs/request   requests/s a core");
        foreach (Measured row in rows)
        {
            double Added(double share) => Measured.Quantile(row.Latencies, share) - (row == direct ? 0 : Measured.Quantile(direct.Latencies, share));
            double rate = Measured.Quantile(row.Rates, 0.5);
            double cpu = Measured.Quantile(row.CpuMicroseconds, 0.5);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Contender,-12} {Added(0.5),21:F0} {Added(0.99),8:F0} {Added(0.999),8:F0} | {rate,10:F0} {rate / bare,9:F2} {cpu,16:F1} {1e6 / cpu,19:F0}"));
        }

        Console.WriteLine();
    }
}

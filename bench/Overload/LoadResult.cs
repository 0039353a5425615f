using System.Globalization;

namespace Tiercel.Bench.Overload;

/// <summary>What one load gave. Times in seconds.</summary>
internal sealed record LoadResult(double Offered, double Seconds, double Objective, IReadOnlyList<Answered> Answers, int LongestQueue)
{
    /// <summary>Seconds until a load that is more than there is has filled all places.</summary>
    private const double WarmUp = 2;

    /// <summary>Answers a second whose first token came in time. What still waits or runs when the load ends does not count: it would be served by an idle fleet.</summary>
    public double Goodput => Answers.Count(answer => answer.Ttft <= Objective && answer.Ended <= Seconds) / Seconds;

    /// <summary>A quantile of the calm tenant's times. One round has some hundred answers, and their 99th percentile is chance; all rounds together have those of a round that was disturbed.</summary>
    public static double CalmTtft(IEnumerable<LoadResult> rounds, double share) =>
        Quantile(rounds.SelectMany(round => round.Answers).Where(answer => answer.Tenant == "calm" && answer.Began >= WarmUp).Select(answer => answer.Ttft).OfType<double>(), share);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"offered {Offered,6:0.0}/s, good {Goodput,6:0.0}/s, longest queue {LongestQueue,3}; {Tenant("calm")}; {Tenant("flood")}; failed {Answers.Count(answer => answer.Failed)}");

    private string Tenant(string tenant)
    {
        Answered[] all = [.. Answers.Where(answer => answer.Tenant == tenant)];
        double[] ttft = [.. all.Select(answer => answer.Ttft).OfType<double>()];
        double[] refused = [.. all.Select(answer => answer.RefusedAfter).OfType<double>()];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{tenant}: {ttft.Length} served, ttft p50 {Quantile(ttft, 0.5):0.000} p99 {Quantile(ttft, 0.99):0.000}, {refused.Length} refused after p50 {Quantile(refused, 0.5):0.000} p99 {Quantile(refused, 0.99):0.000}");
    }

    private static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }
}

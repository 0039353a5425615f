namespace Tiercel.Simulation.Overload;

/// <summary>What became of a tenant's requests that came in one window of time.</summary>
internal sealed class TenantTally(double goodWithin)
{
    private readonly List<double> _ttft = [];

    public int Offered { get; set; }

    public int Refused { get; private set; }

    /// <summary>Served, with the first token in time.</summary>
    public int Good { get; private set; }

    public int Served => _ttft.Count;

    /// <summary>Longest time from arrival to a refusal, seconds.</summary>
    public double SlowestRefusal { get; private set; }

    public void Refuse(double after)
    {
        Refused++;
        SlowestRefusal = Math.Max(SlowestRefusal, after);
    }

    public void Serve(double ttft)
    {
        _ttft.Add(ttft);
        Good += ttft <= goodWithin ? 1 : 0;
    }

    /// <summary>Quantile of the time to the first token of what was served, seconds; 0 when nothing was.</summary>
    public double Ttft(double share) => Ttft([this], share);

    /// <summary>The same over several tenants.</summary>
    public static double Ttft(IEnumerable<TenantTally> tallies, double share)
    {
        double[] all = [.. tallies.SelectMany(tally => tally._ttft).Order()];
        return all.Length == 0 ? 0 : all[Math.Min(all.Length - 1, (int)(share * all.Length))];
    }
}

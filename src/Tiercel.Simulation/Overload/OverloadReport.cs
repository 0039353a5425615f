namespace Tiercel.Simulation.Overload;

/// <summary>What a run gave, by tenant, before and after a flood began.</summary>
internal sealed class OverloadReport(OverloadOptions options)
{
    public Dictionary<string, TenantTally> Before { get; } = options.Tenants.ToDictionary(tenant => tenant.Name, _ => new TenantTally(options.GoodWithin));

    public Dictionary<string, TenantTally> After { get; } = options.Tenants.ToDictionary(tenant => tenant.Name, _ => new TenantTally(options.GoodWithin));

    /// <summary>Most requests that waited at one time.</summary>
    public int LongestQueue { get; set; }

    /// <summary>Requests that waited at some time.</summary>
    public int Queued { get; set; }

    /// <summary>Good requests a second, of all tenants, before any flood.</summary>
    public double Goodput => Before.Values.Sum(tally => tally.Good) / (Math.Min(options.Seconds, options.FloodAt) - options.WarmUp);

    /// <summary>The same after it has begun.</summary>
    public double GoodputAfter => After.Values.Sum(tally => tally.Good) / (options.Seconds - options.FloodAt - options.WarmUp);

    public override string ToString() => $"goodput {Goodput:0.00}/s, longest queue {LongestQueue}\n"
        + string.Join('\n', options.Tenants.Select(tenant => $"{tenant.Name}: before {Line(Before[tenant.Name])}; after {Line(After[tenant.Name])}"));

    private static string Line(TenantTally tally) =>
        $"{tally.Offered} offered, {tally.Good} good, {tally.Refused} refused, ttft p50 {tally.Ttft(0.5):0.000} p99 {tally.Ttft(0.99):0.000} s";
}

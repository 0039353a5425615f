namespace Tiercel.Bench.Gateway;

/// <summary>What the gateway is to reach at a workload; null where nothing was set. CPU has a floor too, beyond which it is not good enough.</summary>
internal sealed record Targets(string Workload)
{
    /// <summary>With so many open streams, whatever went through before.</summary>
    public const double MegabytesOpen = 150;

    /// <summary>Added to direct calls, microseconds.</summary>
    public double? AddedP50 { get; init; }

    public double? AddedP99 { get; init; }

    /// <summary>Requests a second as a share of the bare proxy's, at least.</summary>
    public double? ShareOfBareRate { get; init; }

    /// <summary>Microseconds a request.</summary>
    public double? Cpu { get; init; }

    /// <summary>CPU a request as a multiple of the bare proxy's, at most.</summary>
    public double? TimesBareCpu { get; init; }

    public static IReadOnlyList<Targets> All { get; } =
    [
        new("small") { AddedP50 = 350, AddedP99 = 950, ShareOfBareRate = 0.7, Cpu = 110 },
        new("sse") { Cpu = 150 },
        new("huge") { Cpu = 700, TimesBareCpu = 2 },
        new("huge-sse") { TimesBareCpu = 2 },
    ];

    public static Targets Of(string workload) => All.FirstOrDefault(one => one.Workload == workload) ?? new Targets(workload);
}

using System.Net;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>How a <see cref="ProcessFleet"/> differs from the usual one.</summary>
internal sealed record FleetShape
{
    /// <summary>From a worker's index and address to the address that the gateway is given in its place; null where they are connected directly.</summary>
    public Func<int, IPEndPoint, IPEndPoint>? Link { get; init; }

    /// <summary>Further settings of each upstream, beginning with a comma.</summary>
    public string Upstream { get; init; } = "";

    /// <summary>Lines of further upstreams.</summary>
    public string MoreUpstreams { get; init; } = "";

    /// <summary>Lines of further pools.</summary>
    public string MorePools { get; init; } = "";

    /// <summary>Further routes, beginning with a comma.</summary>
    public string MoreRoutes { get; init; } = "";

    /// <summary>A further setting of the pool.</summary>
    public string Pool { get; init; } = "resume_fallback: mark";

    /// <summary>Further settings of the ledger, beginning with a comma.</summary>
    public string LedgerSettings { get; init; } = "";

    /// <summary>How long a worker may be silent before its streams are moved, as the configuration writes it.</summary>
    public string HeartbeatTimeout { get; init; } = "3s";

    /// <summary>Null for a file of the fleet's own.</summary>
    public string? LedgerPath { get; init; }

    public string[] WorkerArguments { get; init; } = [];
}

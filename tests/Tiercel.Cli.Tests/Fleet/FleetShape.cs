using System.Net;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>How a <see cref="ProcessFleet"/> differs from the usual one.</summary>
internal sealed record FleetShape
{
    /// <summary>From a worker's index and address to the address that the gateway is given in its place; null where they are connected directly.</summary>
    public Func<int, IPEndPoint, IPEndPoint>? Link { get; init; }

    /// <summary>Further settings of each upstream, beginning with a comma.</summary>
    public string Upstream { get; init; } = "";

    /// <summary>How long the gateway waits for a worker, beginning with a comma: where processors are scarce a healthy one may be slow at anything.</summary>
    public string Timeouts { get; init; } = ", connect_timeout: 1m, first_byte_timeout: 4m, idle_timeout: 4m";

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

    /// <summary>
    /// How long a worker may be silent before its streams are moved, as the configuration writes it. Only a test in which one stands still wants less.
    /// </summary>
    public string HeartbeatTimeout { get; init; } = "2m";

    /// <summary>Null for a file of the fleet's own.</summary>
    public string? LedgerPath { get; init; }

    public string[] WorkerArguments { get; init; } = [];
}

using Tiercel.Gateway.Fleet;

namespace Tiercel.Simulation.Chaos;

/// <summary>A worker as the gateway sees it.</summary>
internal sealed class GatewayReplica(SimulatedWorker worker, Replica fleet)
{
    /// <summary>The replica as the fleet's decisions know it.</summary>
    public Replica Fleet { get; } = fleet;

    public int Id => Worker.Id;

    public SimulatedWorker Worker { get; } = worker;

    /// <summary>What runs here, counted once more.</summary>
    public List<GatewayAttempt> Running { get; } = [];

    /// <summary>Requests whose attempts broke here a moment ago, counted once more.</summary>
    public Queue<(UInt128 Body, TimeSpan At)> RecentlyBroken { get; } = [];

    /// <summary>Generation whose death was told last, as far as the checks have seen.</summary>
    public string? SeenDead { get; set; }

    /// <summary>Number of the probe that is out; answers of others are too late.</summary>
    public long Probe { get; set; }

    public (TimeSpan Until, Gateway.Health.ProbeKind Kind)? ProbeOut { get; set; }
}

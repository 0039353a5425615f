using Tiercel.Gateway.Fleet;

namespace Tiercel.Simulation.Chaos;

/// <summary>One try of a request on a worker.</summary>
internal sealed class GatewayAttempt(GatewayStream stream, GatewayReplica replica, Attempt counted)
{
    public GatewayStream Stream { get; } = stream;

    public GatewayReplica Replica { get; } = replica;

    /// <summary>The attempt as the fleet's decisions know it.</summary>
    public Attempt Counted { get; } = counted;

    public Connection? Connection { get; set; }

    public bool HasFirstToken { get; set; }

    public bool HasHead { get; set; }

    /// <summary>What came before the first token while it was undecided whose the request is.</summary>
    public List<WireEvent> Held { get; } = [];

    /// <summary>It was begun beside another that was late.</summary>
    public bool IsHedge { get; init; }

    /// <summary>A suspect that runs alone here.</summary>
    public bool Alone { get; init; }

    public bool Ended { get; set; }

    /// <summary>When the death of its worker was told, if it was.</summary>
    public TimeSpan? DeathTold { get; set; }
}

using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Simulation.Chaos;

/// <summary>A request on its way through the gateway.</summary>
internal sealed class GatewayStream(SimulatedClient client, FleetRequest fleet, StreamJournal journal, TimeSpan arrived)
{
    /// <summary>The request as the fleet's decisions know it.</summary>
    public FleetRequest Fleet { get; } = fleet;

    public SimulatedClient Client { get; } = client;

    public SimulatedRequest Request => Client.Request;

    public StreamJournal Journal { get; } = journal;

    public TimeSpan Arrived { get; } = arrived;

    public AdmittedRequest? Admitted { get; set; }

    /// <summary>What runs for it: one attempt, or two while the first token of the first is late.</summary>
    public List<GatewayAttempt> Attempts { get; } = [];

    /// <summary>Nothing goes to the client before one attempt has a token: until then a second may be asked.</summary>
    public bool Undecided { get; set; }

    public PlaceTerms Terms { get; set; } = PlaceTerms.First;

    public ResumeKind? Plan { get; set; }

    /// <summary>Tries before the first byte.</summary>
    public int Tries { get; set; }

    public string? NumericsId { get; set; }

    /// <summary>When it came into the queue; null while it does not wait there.</summary>
    public TimeSpan? WaitsSince { get; set; }

    /// <summary>Until when it may wait to be tried alone.</summary>
    public TimeSpan? SuspectUntil { get; set; }

    public (int Prompt, int Completion)? Usage { get; set; }

    /// <summary>Tokens of a foreign engine, which the journal does not count.</summary>
    public int Foreign { get; set; }

    public int ResumedPrompts { get; set; }

    public TimeSpan EngineTime { get; set; }

    public bool Settled { get; set; }
}

/// <summary>A stream in the queue.</summary>
internal sealed class QueuedStream(GatewayStream stream) : QueueEntry
{
    public GatewayStream Stream { get; } = stream;
}

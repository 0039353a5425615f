namespace Tiercel.Simulation.Chaos;

/// <summary>A connection for one attempt, as both ends see it.</summary>
internal sealed class Connection(long id, SimulatedLink link, Action<WireEvent> receive)
{
    public long Id { get; } = id;

    /// <summary>The other side has taken the connection.</summary>
    public bool Established { get; set; }

    /// <summary>The gateway has hung up; what still arrives is not read.</summary>
    public bool ClosedHere { get; set; }

    /// <summary>It was reset on the way: nothing passes any more.</summary>
    public bool Broken { get; set; }

    /// <summary>From the worker to the gateway.</summary>
    public void Send(WireEvent message)
    {
        if (!Broken)
        {
            link.ToGateway(() => Arrive(message));
        }
    }

    /// <summary>Both ends learn of it; what is on its way in either direction is lost.</summary>
    public void Break()
    {
        Broken = true;
        link.ToGateway(() =>
        {
            if (!ClosedHere)
            {
                receive(new WireEvent.Reset());
            }
        });
    }

    private void Arrive(WireEvent message)
    {
        if (!ClosedHere && (!Broken || message is WireEvent.Reset))
        {
            receive(message);
        }
    }
}

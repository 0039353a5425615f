namespace Tiercel.Simulation.Chaos;

/// <summary>
/// The network between the gateway and one worker. Like TCP it keeps the order of a connection; what meets a partition waits until it is healed, unless
/// somebody gives up first.
/// </summary>
internal sealed class SimulatedLink(VirtualTime time, TimeSpan latency)
{
    private readonly List<Action> _heldIn = [];
    private readonly List<Action> _heldOut = [];

    /// <summary>Nothing reaches the worker.</summary>
    public bool BlockedIn { get; private set; }

    /// <summary>Nothing reaches the gateway.</summary>
    public bool BlockedOut { get; private set; }

    /// <summary>When something was blocked last.</summary>
    public TimeSpan LastBlocked { get; private set; } = TimeSpan.MinValue;

    /// <summary>Messages that were held up by a partition.</summary>
    public int Held { get; private set; }

    public void ToWorker(Action deliver) => Deliver(deliver, inward: true);

    public void ToGateway(Action deliver) => Deliver(deliver, inward: false);

    public void Block(bool inward, bool outward)
    {
        BlockedIn |= inward;
        BlockedOut |= outward;
        LastBlocked = time.Now;
    }

    public void Heal()
    {
        if (BlockedIn || BlockedOut)
        {
            LastBlocked = time.Now;
        }

        BlockedIn = BlockedOut = false;
        // At once: what was sent later is still on its way and must not overtake them.
        foreach (Action held in _heldIn.Concat(_heldOut).ToArray())
        {
            time.After(TimeSpan.Zero, held);
        }

        _heldIn.Clear();
        _heldOut.Clear();
    }

    // All messages of one direction take the same time, so that their order is that of their sending.
    private void Deliver(Action deliver, bool inward)
        => time.After(latency, () =>
        {
            if (inward ? BlockedIn : BlockedOut)
            {
                Held++;
                (inward ? _heldIn : _heldOut).Add(deliver);
            }
            else
            {
                deliver();
            }
        });
}

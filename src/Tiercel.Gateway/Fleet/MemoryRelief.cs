using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Gives memory back after a burst of large bodies. What they needed is garbage once they have passed, and a gateway that goes on with small requests makes
/// too little garbage for the collector to look: it would hold the burst's memory for hours.
/// </summary>
/// <param name="bodies">Who lends the buffers.</param>
/// <param name="collect">Collects garbage and returns its memory to the system.</param>
internal sealed class MemoryRelief(BodyBudget bodies, Action collect)
{
    /// <summary>Less is not worth a collection.</summary>
    public const long WorthBytes = 32 << 20;

    /// <summary>How long no large body must have come for the burst to be over.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private long _lent;
    private long _relieved;
    private TimeSpan _lastChange;

    /// <summary>Takes milliseconds, once a burst.</summary>
    public static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>Called a few times a second.</summary>
    public void Look(TimeSpan now)
    {
        long lent = bodies.Lent;
        if (lent != _lent)
        {
            (_lent, _lastChange) = (lent, now);
        }
        else if (lent - _relieved >= WorthBytes && now - _lastChange >= Quiet)
        {
            _relieved = lent;
            bodies.Drop();
            collect();
        }
    }
}

namespace Tiercel.Gateway.Health;

/// <summary>All that <see cref="HealthBook"/> remembers of one replica.</summary>
internal sealed class ReplicaRecord(MonitoredReplica setup, TimeSpan now)
{
    private const int DeadGenerations = 4;

    /// <summary>
    /// A message may be late, and so be told after the death of its worker; but the dead do not go on talking. A generation that tells for so long without a
    /// word from the one that was taken for its successor is the one that lives: the two were heard in the wrong order.
    /// </summary>
    private static readonly TimeSpan LongestLateness = TimeSpan.FromSeconds(10);

    private readonly string?[] _dead = new string?[DeadGenerations];
    private int _deaths;
    private (string Generation, TimeSpan Since)? _risen;

    public MonitoredReplica Setup { get; set; } = setup;

    public HealthCounters Counters { get; } = new();

    public TtftWindow Ttft { get; } = new();

    /// <summary>Without regard to draining, which lies over it.</summary>
    public ReplicaState State { get; set; } = ReplicaState.Ok;

    public TimeSpan Since { get; set; } = now;

    public int FailureStreak { get; set; }

    /// <summary>How often it was ejected of late; the next ejection is that much longer.</summary>
    public int EjectionLevel { get; set; }

    public TimeSpan EjectedUntil { get; set; }

    /// <summary>Broken connections were the cause, so that a sign of life is an answer to them.</summary>
    public bool EjectedForConnections { get; set; }

    /// <summary>Since when it has been fine, for forgetting ejections.</summary>
    public TimeSpan CleanSince { get; set; } = now;

    public bool DrainOrdered { get; set; }

    public bool DrainTold { get; set; }

    public string? Generation { get; private set; }

    public long Steps { get; set; }

    /// <summary>Last proof that its step loop moves.</summary>
    public TimeSpan LastProgress { get; set; } = now;

    public TimeSpan LastSuccess { get; set; } = TimeSpan.MinValue;

    /// <summary>Nobody listened when last tried.</summary>
    public bool Refused { get; set; }

    public int FailedProbesInRow { get; set; }

    public bool ProbeInFlight { get; set; }

    public TimeSpan LastProbe { get; set; } = TimeSpan.MinValue;

    /// <summary>When the next probe is due in the ordinary course.</summary>
    public TimeSpan NextProbe { get; set; } = now;

    /// <summary>Something happened that a probe should look into at once.</summary>
    public bool ProbeUrgent { get; set; }

    public bool IsDraining => DrainOrdered || DrainTold;

    /// <summary>What others see.</summary>
    public ReplicaState Shown => IsDraining && State != ReplicaState.Down ? ReplicaState.Draining : State;

    /// <summary>Takes a worker's generation.</summary>
    /// <returns>Null when it belongs to a worker that is taken to be dead; else whether the worker was restarted.</returns>
    public bool? Adopt(string generation, TimeSpan now)
    {
        if (generation == Generation)
        {
            _risen = null;
            return false;
        }

        int dead = Array.IndexOf(_dead, generation);
        if (dead >= 0)
        {
            _risen = _risen is { } heard && heard.Generation == generation ? heard : (generation, now);
            if (now - _risen.Value.Since < LongestLateness)
            {
                return null;
            }

            _dead[dead] = null;
        }

        _risen = null;

        bool restarted = Generation is not null;
        if (restarted)
        {
            _dead[_deaths++ % DeadGenerations] = Generation;
        }

        Generation = generation;
        Steps = 0;
        return restarted;
    }
}

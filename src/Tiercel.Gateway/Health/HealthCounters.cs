namespace Tiercel.Gateway.Health;

/// <summary>What happened on a replica since the gateway started. Health checks, reloads and restarts of the worker do not reset it.</summary>
internal sealed class HealthCounters
{
    private readonly long[] _ended = new long[Enum.GetValues<AttemptOutcome>().Length];

    public long Attempts { get; private set; }

    /// <summary>Attempts that have begun and not ended; what a load display shows.</summary>
    public long InFlight { get; private set; }

    public long Ejections { get; internal set; }

    public long Probes { get; internal set; }

    public long FailedProbes { get; internal set; }

    public long Ended(AttemptOutcome outcome) => _ended[(int)outcome];

    internal void Begin()
    {
        Attempts++;
        InFlight++;
    }

    internal void End(AttemptOutcome outcome)
    {
        InFlight--;
        _ended[(int)outcome]++;
    }
}

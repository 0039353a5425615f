namespace Tiercel.Simulation.Chaos;

/// <summary>What really happened in runs. A fault that never takes hold proves nothing, so that tests look here.</summary>
internal sealed class ChaosTally
{
    public long Events { get; set; }

    public long Steps { get; set; }

    public long Preemptions { get; set; }

    public long PoisonDeaths { get; set; }

    public Dictionary<string, long> Counts { get; } = [];

    public void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;

    public long this[string what] => Counts.GetValueOrDefault(what);

    public void Add(ChaosTally other)
    {
        Events += other.Events;
        Steps += other.Steps;
        Preemptions += other.Preemptions;
        PoisonDeaths += other.PoisonDeaths;
        foreach ((string what, long count) in other.Counts)
        {
            Counts[what] = Counts.GetValueOrDefault(what) + count;
        }
    }

    public override string ToString()
        => $"events {Events}, steps {Steps}, preemptions {Preemptions}, poison deaths {PoisonDeaths}, "
            + string.Join(", ", Counts.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key} {entry.Value}"));
}

namespace Tiercel.Simulation.Chaos;

/// <summary>A hash over all that happened, in order: two runs of one seed must have the same.</summary>
internal sealed class Trace(VirtualTime time)
{
    public ulong Hash { get; private set; } = 0x7469657263656C;

    public void Add(char what, long first, long second = 0)
    {
        Hash = TokenOracle.Mix(Hash ^ (ulong)time.Now.Ticks);
        Hash = TokenOracle.Mix(Hash ^ what);
        Hash = TokenOracle.Mix(Hash ^ (ulong)first);
        Hash = TokenOracle.Mix(Hash ^ (ulong)second);
    }
}

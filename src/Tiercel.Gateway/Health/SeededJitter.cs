namespace Tiercel.Gateway.Health;

/// <summary>Randomness that follows from what it is for, so that a run can be replayed: SplitMix64's finaliser over the parts.</summary>
internal static class SeededJitter
{
    /// <summary>A number in [0, 1).</summary>
    public static double Share(ulong seed, ulong what, ulong which) => (Mix(Mix(seed ^ what) ^ which) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

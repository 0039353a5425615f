namespace Tiercel.Gateway.Routing;

/// <summary>Of two drawn at random, the one with fewer requests for its weight (Mitzenmacher, 2001).</summary>
internal sealed class PowerOfTwoPolicy(ulong seed) : IRoutingPolicy
{
    private ulong _state = seed;

    public string Name => "power_of_two";

    public RoutePlan Choose(ReadOnlySpan<RouteCandidate> candidates)
    {
        int first = Draw(candidates.Length);
        if (candidates.Length == 1)
        {
            return new RoutePlan(first, "the only one");
        }

        int second = (first + 1 + Draw(candidates.Length - 1)) % candidates.Length;
        return new RoutePlan(Load(candidates[second]) < Load(candidates[first]) ? second : first, "fewer requests of two drawn");
    }

    private static double Load(in RouteCandidate candidate) => (candidate.Requests + 1) / candidate.Weight;

    /// <summary>SplitMix64, scaled to the range.</summary>
    private int Draw(int below)
    {
        ulong value = _state += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return (int)Math.BigMul(value ^ (value >> 31), (ulong)below, out _);
    }
}

using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>How a pool's router decides and how much it remembers.</summary>
internal sealed record PoolRouterOptions
{
    public RoutingPolicyKind Policy { get; init; } = RoutingPolicyKind.Cost;

    /// <summary>Makes random choices repeatable.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Fingerprint blocks (512 bytes of prompt) that are remembered for all replicas together; 16 bytes or less each.</summary>
    public int MaxRememberedBlocks { get; init; } = 4 << 20;

    /// <summary>What was sent longer ago than this is taken to be forgotten by a foreign engine.</summary>
    public TimeSpan MemoryOfForeignCaches { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Decisions that are kept for "why routed here".</summary>
    public int MaxKeptDecisions { get; init; } = 1024;

    /// <summary>Token blocks that a worker may tell to hold.</summary>
    public int MaxBlocksOfWorker { get; init; } = 4 << 20;

    public RoutingTuning Tuning { get; init; } = new();

    /// <summary>Requests that may be under way at one time; more are refused as busy.</summary>
    public int MaxRequests { get; init; } = 65536;

    public IRoutingPolicy CreatePolicy() => Policy switch
    {
        RoutingPolicyKind.RoundRobin => new RoundRobinPolicy(),
        RoutingPolicyKind.LeastRequest => new LeastRequestPolicy(),
        RoutingPolicyKind.PowerOfTwo => new PowerOfTwoPolicy(Seed),
        RoutingPolicyKind.PrefixAffinity => new PrefixAffinityPolicy(),
        _ => new CostPolicy(),
    };
}

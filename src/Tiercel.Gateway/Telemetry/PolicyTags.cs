using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Telemetry;

/// <summary>The attributes of a pool with those of its policy.</summary>
internal static class PolicyTags
{
    private static readonly string[] Policies = OutcomeWords.Words<RoutingPolicyKind>();

    /// <summary>For what happens where no pool is known.</summary>
    public static TagSet NoPool { get; } = new();

    public static TagSet Of(TagSet pool, RoutingPolicyKind policy) => pool.Set(TelemetryNames.Policy, Policies[(int)policy]);
}

namespace Tiercel.Gateway.Configuration;

/// <summary>How a pool chooses a replica.</summary>
public enum RoutingPolicyKind
{
    Cost,
    RoundRobin,
    LeastRequest,
    PowerOfTwo,
    PrefixAffinity,
}

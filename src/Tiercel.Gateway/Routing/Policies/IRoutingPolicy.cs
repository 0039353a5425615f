namespace Tiercel.Gateway.Routing;

/// <summary>Chooses among replicas that could all serve a request.</summary>
internal interface IRoutingPolicy
{
    string Name { get; }

    /// <param name="candidates">At least one, in the order of the pool.</param>
    RoutePlan Choose(ReadOnlySpan<RouteCandidate> candidates);
}

using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class PoolSection
{
    private static readonly PoolSettings Defaults = new() { Upstreams = [] };

    private static readonly Key<IReadOnlyList<UpstreamSettings>> Upstreams = Keys.Required<IReadOnlyList<UpstreamSettings>>(
        "upstreams", new ListShape<UpstreamSettings>(UpstreamSection.Table, 1024, upstream => upstream.Name), "The engines.");

    private static readonly Key<RoutingPolicyKind> Policy = Keys.Default(
        "policy",
        Texts.Choice(
            ("cost", RoutingPolicyKind.Cost),
            ("round_robin", RoutingPolicyKind.RoundRobin),
            ("least_request", RoutingPolicyKind.LeastRequest),
            ("power_of_two", RoutingPolicyKind.PowerOfTwo),
            ("prefix_affinity", RoutingPolicyKind.PrefixAffinity)),
        Defaults.Policy,
        "How a replica is chosen. `cost`: the one that is predicted to answer soonest, what it has in its cache included.");

    private static readonly Key<ResumeFallback> Fallback = Keys.Default(
        "resume_fallback",
        Texts.Choice(("mark", ResumeFallback.Mark), ("error", ResumeFallback.Error)),
        Defaults.ResumeFallback,
        "What becomes of a running stream whose worker is lost when none is left that can continue it exactly: `mark` continues on another kind and says so, `error` ends it with an error.");

    private static readonly Key<bool> Hedge = Keys.Default(
        "hedge", Numbers.Boolean, Defaults.Hedge, "Whether a second replica may be asked when the first is late and there is headroom.");

    public static Section<PoolSettings> Table { get; } = new(
        "pool",
        "Upstreams that can stand in for each other.",
        [Upstreams, Policy, Fallback, Hedge],
        values => new PoolSettings
        {
            Upstreams = values.Get(Upstreams),
            Policy = values.Get(Policy),
            ResumeFallback = values.Get(Fallback),
            Hedge = values.Get(Hedge),
        });
}

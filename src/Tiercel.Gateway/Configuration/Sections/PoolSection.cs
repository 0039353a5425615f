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
        "hedge", Numbers.Boolean, Defaults.Hedge, "Whether a second replica is asked for a stream whose first token takes twice the predicted time (250 ms at least): the first that answers has it, the other is "
        + "cancelled. Only while half of the pool is free and nobody waits, and each is one of the retries.");

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

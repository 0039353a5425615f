using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>A pool at run time: its members, its router, and what it learnt. Under the fleet's lock.</summary>
internal sealed class Pool(string name, PoolSettings settings, PoolRouter router)
{
    public string Name { get; } = name;

    public PoolSettings Settings { get; set; } = settings;

    public PoolRouter Router { get; } = router;

    public List<Replica> Members { get; set; } = [];

    /// <summary>The dearest prices of the members, for reservations.</summary>
    public CostEstimate Dearest { get; set; } = new(settings.Upstreams.Select(upstream => upstream.Price));

    public PromptEstimator Prompts { get; } = new();

    /// <summary>What its tenants have used of it of late.</summary>
    public TenantShares Shares { get; } = new();

    /// <summary>Whether any member could continue a message by its text, so that text is kept while streaming.</summary>
    public bool ContinuesMessages => Settings.Upstreams.Any(upstream => upstream.Capabilities.HasFlag(UpstreamCapabilities.ContinueMessage));

    public static UpstreamCapabilities Needed(BodyKind kind) => kind switch
    {
        BodyKind.Chat => UpstreamCapabilities.Chat,
        BodyKind.Completion => UpstreamCapabilities.Completions,
        _ => UpstreamCapabilities.Embeddings,
    };
}

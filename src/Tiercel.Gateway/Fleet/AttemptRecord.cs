using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Fleet;

/// <summary>One attempt, for "why routed here".</summary>
/// <param name="Upstream">Name of the replica.</param>
/// <param name="Kind">first, retry, resume or the like.</param>
/// <param name="At">When, from the request's arrival.</param>
/// <param name="Decision">What the router weighed.</param>
internal sealed record AttemptRecord(string Upstream, string Kind, TimeSpan At, RouteDecision? Decision)
{
    /// <summary>How it ended; null while it runs.</summary>
    public string? Outcome { get; set; }

    /// <summary>Tokens of the answer that came from this attempt and were passed on; null where the upstream does not tell.</summary>
    public long? Tokens { get; set; }
}

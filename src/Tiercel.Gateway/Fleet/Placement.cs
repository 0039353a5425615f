using Tiercel.Gateway.Routing;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Where a request goes, or why it goes nowhere. Neither: every replica that would do is at its limit.</summary>
internal readonly record struct Placement(Replica? Replica, ApiError? Error, RouteDecision Decision)
{
    /// <summary>Places are free, and kept for tenants that have had less than their share: this request waits, others behind it need not.</summary>
    public bool IsKept => Decision.Outcome == RouteOutcome.Kept;

    public bool Waits => Replica is null && Error is null;
}

using Tiercel.Gateway.Routing;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Where a request goes, or why it goes nowhere. Neither: every replica that would do is at its limit.</summary>
internal readonly record struct Placement(Replica? Replica, ApiError? Error, RouteDecision Decision)
{
    public bool Waits => Replica is null && Error is null;
}

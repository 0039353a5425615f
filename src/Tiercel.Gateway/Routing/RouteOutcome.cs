namespace Tiercel.Gateway.Routing;

internal enum RouteOutcome
{
    /// <summary>A replica was chosen.</summary>
    Chosen,

    /// <summary>All that would do are at their limits: wait in the queue.</summary>
    Busy,

    /// <summary>Only places are free that are kept for tenants that have had less than their share: wait in the queue, and let those go before.</summary>
    Kept,

    /// <summary>The objective of the class is predicted to be missed everywhere: refuse, and say when to come back.</summary>
    ObjectiveMissed,

    /// <summary>No replica would do at all.</summary>
    NoReplica,
}

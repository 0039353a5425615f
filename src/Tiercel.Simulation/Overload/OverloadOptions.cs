using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;
using Tiercel.Simulation.Routing;

namespace Tiercel.Simulation.Overload;

/// <summary>One run of <see cref="OverloadTwin"/>.</summary>
internal sealed record OverloadOptions
{
    public required IReadOnlyList<TenantLoad> Tenants { get; init; }

    public int Seed { get; init; } = 1;

    /// <summary>Seconds in which requests come.</summary>
    public double Seconds { get; init; } = 240;

    /// <summary>Seconds at the beginning that are not judged, and after the flood has begun.</summary>
    public double WarmUp { get; init; } = 20;

    /// <summary>Second at which tenants that flood begin to.</summary>
    public double FloodAt { get; init; } = double.PositiveInfinity;

    public int Workers { get; init; } = 4;

    /// <summary>Requests that a worker is given at one time.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>Whether they are Tiercel workers; else foreign engines, whose load is found out.</summary>
    public bool Foreign { get; init; }

    public EngineTimes Times { get; init; } = new();

    public QueueSettings Queue { get; init; } = new() { MaxRequests = 256, MaxRequestsPerTenant = 64, MaxWait = TimeSpan.FromSeconds(3) };

    /// <summary>Class of all requests; null for none, so that only the queue refuses.</summary>
    public ServiceClass? Class { get; init; }

    /// <summary>A request is good when its first token came within so many seconds.</summary>
    public double GoodWithin { get; init; } = 3.5;

    public RoutingTuning Tuning { get; init; } = new();

    public OverloadDefect Defect { get; init; }
}

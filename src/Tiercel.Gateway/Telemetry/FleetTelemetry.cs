using System.Buffers;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Telemetry;

/// <summary>What the gateway tells of each step. Calls are cheap and never fail.</summary>
internal sealed class FleetTelemetry
{
    /// <summary>A tenant's limit refused a request.</summary>
    public void Refused(string limit) => _ = limit;

    /// <summary>An attempt was placed.</summary>
    public void Routed(FleetRequest request, RouteDecision decision, string kind) => _ = (request, decision, kind);

    /// <summary>An attempt failed before the first byte and is tried again.</summary>
    public void Retried(string reason) => _ = reason;

    /// <summary>A stream broke, and this is how it goes on.</summary>
    public void Resumed(string kind) => _ = kind;

    /// <summary>A request is over.</summary>
    public void Settled(FleetRequest request, TokenUsage usage, TimeSpan duration) => _ = (request, usage, duration);

    /// <summary>An answer of any path was sent.</summary>
    public void Answered(string path, int status) => _ = (path, status);

    /// <summary>The metrics as Prometheus reads them.</summary>
    public void Write(IBufferWriter<byte> output, FleetServices services) => _ = (output, services);

    /// <summary>The state of the fleet as <c>tiercel top</c> reads it.</summary>
    public void WriteSnapshot(IBufferWriter<byte> output, FleetServices services) => _ = (output, services);

    /// <summary>A replica's state changed.</summary>
    public void Changed(HealthTransition transition) => _ = transition;
}

using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>What a tenant does.</summary>
internal sealed class TenantFlow(string name)
{
    public FlowRates Rates { get; } = new();

    public TagSet Tags { get; } = new(new Tag(TelemetryNames.Tenant, name));
}

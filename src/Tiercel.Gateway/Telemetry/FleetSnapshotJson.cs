using System.Text.Json.Serialization;

namespace Tiercel.Gateway.Telemetry;

/// <summary>The JSON of <c>GET /internal/fleet</c>: snake_case, nothing left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FleetSnapshot))]
public sealed partial class FleetSnapshotJson : JsonSerializerContext;

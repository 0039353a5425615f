namespace Tiercel.Cli.Json;

/// <summary>What this server adds to an entry of <c>/v1/models</c>.</summary>
internal sealed record ModelListMeta(string? WeightType, long? WeightBytes);

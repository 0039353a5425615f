namespace Tiercel.Cli.Json;

/// <summary>A model of a running server.</summary>
internal sealed record ServedModel(string Name, string? WeightType, long? WeightBytes, int? ContextLength);

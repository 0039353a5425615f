namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel rm</c> removed.</summary>
internal sealed record RemovedModel(string Name, long FreedBytes);

namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel pull</c> did.</summary>
internal sealed record PulledModel(string Name, string Path, long SizeBytes, long FetchedBytes);

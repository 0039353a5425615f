namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel ps</c> tells of a running server.</summary>
/// <param name="Running">Requests that are being computed; null where the server does not say.</param>
/// <param name="Waiting">Requests in its queue.</param>
/// <param name="KvCacheUsage">0 to 1.</param>
internal sealed record ServerProcess(
    string Url, string Status, string? Version, IReadOnlyList<ServedModel> Models, int? Running, int? Waiting, double? KvCacheUsage);

using System.Text.Json;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>A request that was answered: who asked for what, what its client was told, and which workers its answer came from.</summary>
/// <param name="Told">What the answer said in <c>usage</c>.</param>
/// <param name="Attempts">As <c>/internal/requests/{id}</c> tells them.</param>
internal sealed record AskedRequest(UsageTold Told, string Tenant, string Key, string Model, JsonElement Attempts)
{
    /// <summary>Tokens of the answer that came from one of these workers.</summary>
    public long DeliveredBy(IReadOnlyCollection<string> workers) => Attempts.EnumerateArray()
        .Where(attempt => workers.Contains(attempt.GetProperty("upstream").GetString()!) && attempt.TryGetProperty("tokens", out _))
        .Sum(attempt => attempt.GetProperty("tokens").GetInt64());

    /// <summary>Whether a worker was lost when it had delivered a part of the answer and not all of it.</summary>
    public bool WasMovedFrom(string worker)
    {
        JsonElement[] attempts = [.. Attempts.EnumerateArray()];
        return attempts.SkipLast(1).Zip(attempts.Skip(1)).Any(pair =>
            pair.First.GetProperty("upstream").GetString() == worker
            && pair.First.TryGetProperty("tokens", out JsonElement tokens) && tokens.GetInt64() > 0
            && pair.Second.GetProperty("kind").GetString() == "ResumeExactly");
    }
}

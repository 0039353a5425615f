namespace Tiercel.Gateway.Fleet;

/// <summary>A request that is over, as <c>/internal/requests/{id}</c> tells it.</summary>
internal sealed record ArchivedRequest(
    string RequestId,
    DateTimeOffset At,
    string Tenant,
    string Model,
    string Pool,
    string Outcome,
    TimeSpan? FirstToken,
    TimeSpan Duration,
    IReadOnlyList<AttemptRecord> Attempts);

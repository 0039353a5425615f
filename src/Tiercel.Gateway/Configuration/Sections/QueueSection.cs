using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class QueueSection
{
    private static readonly QueueSettings Defaults = new();

    private static readonly Key<int> MaxRequests = Keys.Default("max_requests", Numbers.Integer(0, 1_000_000), Defaults.MaxRequests, "Requests that wait at most.");

    private static readonly Key<long> MaxBytes = Keys.Default("max_bytes", Numbers.Size(0, 1L << 40), Defaults.MaxBytes, "Bytes of their bodies at most.");

    private static readonly Key<TimeSpan> MaxWait = Keys.Default(
        "max_wait", Numbers.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), Defaults.MaxWait, "Longest wait.");

    private static readonly Key<int> PerTenant = Keys.Default(
        "max_requests_per_tenant", Numbers.Integer(0, 1_000_000), Defaults.MaxRequestsPerTenant, "Most that one tenant may have waiting.");

    public static Section<QueueSettings> Table { get; } = new(
        "queue",
        "The queue in front of each pool.",
        [MaxRequests, MaxBytes, MaxWait, PerTenant],
        values => new QueueSettings
        {
            MaxRequests = values.Get(MaxRequests),
            MaxBytes = values.Get(MaxBytes),
            MaxWait = values.Get(MaxWait),
            MaxRequestsPerTenant = values.Get(PerTenant),
        });
}

using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class TenantLimitSection
{
    private static readonly Key<int?> Requests = Keys.OptionalValue("requests_per_minute", Numbers.Integer(1, 100_000_000), "Requests begun in a minute.");

    private static readonly Key<long?> Tokens = Keys.OptionalValue(
        "tokens_per_minute", Numbers.Long(1, 1_000_000_000_000), "Prompt and output tokens together. A request is charged an estimate, which is corrected when it has ended.");

    private static readonly Key<long?> ConcurrentTokens = Keys.OptionalValue(
        "concurrent_tokens", Numbers.Long(1, 1_000_000_000_000), "Prompt and largest output of the requests that run at one time.");

    private static readonly Key<int?> ConcurrentRequests = Keys.OptionalValue("concurrent_requests", Numbers.Integer(1, 1_000_000), "Requests that run at one time.");

    public static Section<TenantLimitSettings> Table { get; } = new(
        "limits of a tenant",
        "How fast a tenant may go. What is left out is not limited.",
        [Requests, Tokens, ConcurrentTokens, ConcurrentRequests],
        values => new TenantLimitSettings
        {
            RequestsPerMinute = values.Get(Requests),
            TokensPerMinute = values.Get(Tokens),
            ConcurrentTokens = values.Get(ConcurrentTokens),
            ConcurrentRequests = values.Get(ConcurrentRequests),
        });
}

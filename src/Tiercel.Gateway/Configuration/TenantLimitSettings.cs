namespace Tiercel.Gateway.Configuration;

/// <summary>How fast a tenant may go; null for no limit.</summary>
public sealed record TenantLimitSettings
{
    public int? RequestsPerMinute { get; init; }

    /// <summary>Prompt and output tokens together. A request is charged its estimate, and corrected when it has ended.</summary>
    public long? TokensPerMinute { get; init; }

    /// <summary>Prompt and largest output of the requests that run at one time.</summary>
    public long? ConcurrentTokens { get; init; }

    public int? ConcurrentRequests { get; init; }
}

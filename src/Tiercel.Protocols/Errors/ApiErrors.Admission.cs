namespace Tiercel.Protocols.Errors;

/// <summary>Refusals because of who asks, how much, and how much is left.</summary>
public static partial class ApiErrors
{
    /// <summary>A limit of the tenant that time restores.</summary>
    /// <param name="limit">What OpenAI's <c>type</c> says: <c>requests</c> or <c>tokens</c>.</param>
    public static ApiError RateLimited(string limit, string message, TimeSpan retryAfter) =>
        new(429, limit, "rate_limit_exceeded", message, Retry: RetryClass.Later, RetryAfter: retryAfter);

    /// <summary>A single request that is more than the tenant may ever ask for at one time.</summary>
    public static ApiError RequestOverLimit(string limit, string message) => new(429, limit, "rate_limit_exceeded", message);

    /// <summary>The budget is spent. Official clients do not try again, which would only cost both sides.</summary>
    /// <param name="resetsIn">Until the day or month of the budget ends.</param>
    public static ApiError BudgetSpent(string message, TimeSpan resetsIn) =>
        new(429, "insufficient_quota", "insufficient_quota", message, RetryAfter: resetsIn);

    public static ApiError ClassRefused(string name) => new(
        403,
        Invalid,
        "class_not_allowed",
        $"The class of service '{name}' promises more than yours. A client may only ask for a class that promises less.",
        "x-tiercel-class");

    /// <summary>The queue has no place, or gave the place to a more urgent request, or the request waited in vain.</summary>
    public static ApiError QueueRefused(string message, TimeSpan retryAfter) =>
        new(503, Server, "overloaded", message, Retry: RetryClass.Later, RetryAfter: retryAfter);
}

using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Health;

/// <summary>Whether a request is tried again, when, and where not.</summary>
/// <param name="Retry">Whether to try again.</param>
/// <param name="Delay">How long to wait before.</param>
/// <param name="Excluded">Replicas that must not be chosen, for the route query.</param>
/// <param name="Reason">Why, for logs and "why routed here".</param>
internal readonly record struct RetryDecision(bool Retry, TimeSpan Delay, int[] Excluded, string Reason)
{
    /// <summary>Decides, and takes a retry from the budget when the answer is yes.</summary>
    /// <param name="seed">Of the process; the delay's jitter follows from it, the request and the try.</param>
    public static RetryDecision Decide(in RetryQuestion question, RetrySettings settings, RetryBudget budget, ulong seed, TimeSpan now)
        => throw new NotSupportedException();
}

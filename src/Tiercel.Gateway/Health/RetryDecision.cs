using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Health;

/// <summary>Whether a request is tried again, when, and where not.</summary>
/// <param name="Retry">Whether to try again.</param>
/// <param name="Delay">How long to wait before.</param>
/// <param name="Excluded">Replicas that must not be chosen, for the route query.</param>
/// <param name="Reason">Why, for logs and "why routed here".</param>
internal readonly record struct RetryDecision(bool Retry, TimeSpan Delay, int[] Excluded, string Reason)
{
    /// <summary>The first retry waits at most this long, each further one at most twice as long.</summary>
    public static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(50);

    /// <summary>A replica that asks to wait longer than this is not waited for; the client is told.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(10);

    // 50 ms × 2^10 is longer than anybody waits.
    private const int LargestExponent = 10;

    /// <summary>Decides, and takes a retry from the budget when the answer is yes.</summary>
    /// <param name="seed">Of the process; the delay's jitter follows from it, the request and the try.</param>
    public static RetryDecision Decide(in RetryQuestion question, RetrySettings settings, RetryBudget budget, ulong seed, TimeSpan now)
    {
        if (question.FirstByteSent)
        {
            return Stop("the client has seen the beginning of the answer");
        }

        if (!question.Outcome.IsRetriable())
        {
            return Stop("another replica would not do better");
        }

        if (question.Tried.Length >= settings.MaxTries)
        {
            return Stop($"tried {question.Tried.Length} times");
        }

        int[] excluded = Exclude(question.Tried, question.Usable);
        if (question.Outcome == AttemptOutcome.Cancelled)
        {
            // Nothing failed, so that nothing is to be held back: a drain moves all that its worker has.
            return new RetryDecision(true, TimeSpan.Zero, excluded, "taken from a drained worker");
        }

        bool sameAgain = question.Usable.IsEmpty || excluded.Length == 0;
        TimeSpan delay = Backoff(seed, question.Request, question.Tried.Length);
        if (sameAgain && question.RetryAfter is { } asked)
        {
            if (asked > LongestRetryAfter)
            {
                return Stop($"the only replica asks to wait {asked.TotalSeconds:0} s");
            }

            delay = asked > delay ? asked : delay;
        }

        if (question.Deadline is { } deadline && now + delay >= deadline)
        {
            return Stop("no time is left");
        }

        return budget.TryRetry(now) ? new RetryDecision(true, delay, excluded, $"{question.Outcome} before the first byte") : Stop("the retry budget is used up");
    }

    /// <summary>
    /// What the next try must avoid: all that were tried, while there is another; else the last one, while there is another; else nothing.
    /// </summary>
    public static int[] Exclude(ReadOnlySpan<int> tried, ReadOnlySpan<int> usable)
    {
        bool fresh = false;
        bool other = false;
        foreach (int replica in usable)
        {
            fresh |= !tried.Contains(replica);
            other |= tried.IsEmpty || replica != tried[^1];
        }

        return fresh ? tried.ToArray() : other && !tried.IsEmpty ? [tried[^1]] : [];
    }

    /// <summary>Full jitter: anything between nothing and the limit of this try.</summary>
    public static TimeSpan Backoff(ulong seed, long request, int tries)
        => FirstBackoff * Math.Pow(2, Math.Min(tries - 1, LargestExponent)) * SeededJitter.Share(seed, (ulong)request, (ulong)tries);

    private static RetryDecision Stop(string reason) => new(false, TimeSpan.Zero, [], reason);
}

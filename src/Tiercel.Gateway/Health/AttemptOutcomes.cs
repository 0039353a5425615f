namespace Tiercel.Gateway.Health;

/// <summary>What follows from the way an attempt ended.</summary>
internal static class AttemptOutcomes
{
    /// <summary>Whether the outcome counts against the replica.</summary>
    public static bool IsFailure(this AttemptOutcome outcome) => outcome > AttemptOutcome.Overloaded;

    /// <summary>Whether it was the connection that failed, which a restart or a short fault of the network explains.</summary>
    public static bool IsConnectionFailure(this AttemptOutcome outcome)
        => outcome is AttemptOutcome.ConnectRefused or AttemptOutcome.ConnectFailed or AttemptOutcome.Reset;

    /// <summary>Whether it ended as it would if its worker had died.</summary>
    public static bool BreaksOff(this AttemptOutcome outcome) => outcome is AttemptOutcome.Reset or AttemptOutcome.Timeout or AttemptOutcome.ConnectRefused;

    /// <summary>
    /// Whether another replica might do better with the same request. One that was cancelled while its client still waits was taken from a drained worker.
    /// </summary>
    public static bool IsRetriable(this AttemptOutcome outcome) => outcome is AttemptOutcome.Cancelled or >= AttemptOutcome.Overloaded;
}

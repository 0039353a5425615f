namespace Tiercel.Gateway.Health;

/// <summary>What is known when an attempt failed before its first byte reached the client.</summary>
internal readonly ref struct RetryQuestion
{
    public required long Request { get; init; }

    /// <summary>How the last attempt ended.</summary>
    public required AttemptOutcome Outcome { get; init; }

    /// <summary>What the replica asked to wait, if it did.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether anything of an answer has reached the client. Then it is <see cref="Recovery.ResumePlan"/> that decides.</summary>
    public required bool FirstByteSent { get; init; }

    /// <summary>Replicas of all attempts so far, oldest first; the last one has just failed.</summary>
    public required ReadOnlySpan<int> Tried { get; init; }

    /// <summary>Replicas that health would use now.</summary>
    public required ReadOnlySpan<int> Usable { get; init; }

    /// <summary>Until when the request must be answered, if it has a deadline.</summary>
    public TimeSpan? Deadline { get; init; }
}

using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Recovery;

/// <summary>What is known when a stream broke.</summary>
internal readonly ref struct ResumeQuestion
{
    public required StreamJournal Journal { get; init; }

    public required StreamFailure Failure { get; init; }

    /// <summary>Replica the stream was on.</summary>
    public required int Replica { get; init; }

    /// <summary>Numerics id under which the stream began; null when a foreign engine wrote it.</summary>
    public required string? NumericsId { get; init; }

    /// <summary>Usable replicas of the pool; that of the stream itself may be among them (a single connection broke).</summary>
    public required ReadOnlySpan<ResumeCandidate> Candidates { get; init; }

    public required ResumeFallback Fallback { get; init; }

    /// <summary>The request is a chat with one choice and text alone (no tools, no response format), so that its message can be continued by a foreign engine.</summary>
    public bool IsPlainChat { get; init; }

    /// <summary>Some engine of the pool, usable now or not, can continue a message. Otherwise there is nobody to wait for.</summary>
    public bool PoolContinuesMessages { get; init; }

    /// <summary>The client was promised usage and has none yet.</summary>
    public bool WantsUsage { get; init; }

    /// <summary>Largest number of tokens of each choice, if the request says one.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>
    /// How long the stream has been without an engine. Given, it is waited for one up to <see cref="ResumePlan.LongestWait"/>; null fails at once where there
    /// is none.
    /// </summary>
    public TimeSpan? BrokenFor { get; init; }
}

namespace Tiercel.Gateway.Routing;

/// <summary>The answer of <see cref="PoolRouter.Choose"/>.</summary>
internal sealed record RouteDecision
{
    public required long RequestId { get; init; }

    public required RouteOutcome Outcome { get; init; }

    /// <summary>The chosen replica; -1 if none was.</summary>
    public int Replica { get; init; } = -1;

    /// <summary>Predicted time to the first token, on the chosen replica or, if none was, on the best.</summary>
    public TimeSpan PredictedTtft { get; init; }

    /// <summary>Tokens that the replica is predicted to compute for the prompt.</summary>
    public int PredictedUncachedTokens { get; init; }

    /// <summary>Tokens of the prompt, estimated from its bytes.</summary>
    public int PromptTokens { get; init; }

    /// <summary>When coming back makes sense, for a refusal.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>Name of the policy and what decided, for people.</summary>
    public required string Reason { get; init; }

    public IReadOnlyList<RouteCandidate> Candidates { get; init; } = [];
}

namespace Tiercel.Gateway.Routing;

/// <summary>What choosing one replica was predicted to cost, in seconds: the record behind "why routed here".</summary>
internal readonly record struct RouteCandidate
{
    public required int Replica { get; init; }

    /// <summary>What health and slow start say, above 0 and up to 1.</summary>
    public required double Weight { get; init; }

    /// <summary>Requests of this gateway that are under way there.</summary>
    public int Requests { get; init; }

    /// <summary>Tokens of the prompt, estimated from its bytes.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Those of them that it is believed to hold when it begins with the prompt.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Of what it is believed to hold: computed before, and being computed for requests that were sent before.</summary>
    public int ComputedTokens { get; init; }

    /// <inheritdoc cref="ComputedTokens"/>
    public int PendingTokens { get; init; }

    /// <summary>Fingerprint blocks that the replica got since it last used the oldest part of the match.</summary>
    public long BlocksSince { get; init; }

    /// <summary>Seconds until it would begin with the prompt.</summary>
    public double QueueSeconds { get; init; }

    /// <summary>Seconds for the tokens that it does not hold.</summary>
    public double PrefillSeconds { get; init; }

    /// <summary>What the prompt takes from the streams that run there and from requests that come after it, seconds.</summary>
    public double SlowdownSeconds { get; init; }

    /// <summary>Of <see cref="SlowdownSeconds"/> what the streams that run there are charged for.</summary>
    public double StreamSeconds { get; init; }

    /// <summary>What it would take to compute again what must make room, times the chance that it is wanted again.</summary>
    public double EvictionSeconds { get; init; }

    /// <summary>Seconds of prompts that the replica would have got beyond what leaves its streams their pace.</summary>
    public double DebtSeconds { get; init; }

    /// <summary>What the chance that its own first token is late costs, seconds.</summary>
    public double LatenessSeconds { get; init; }

    /// <summary>Predicted time to the first token.</summary>
    public double TtftSeconds => QueueSeconds + PrefillSeconds;

    /// <summary>What the default policy compares.</summary>
    public double TotalSeconds => (TtftSeconds + LatenessSeconds + SlowdownSeconds + EvictionSeconds) / Weight;
}

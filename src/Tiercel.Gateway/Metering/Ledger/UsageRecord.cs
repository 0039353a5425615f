namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>What one request used, as it is billed: written once, never changed.</summary>
internal sealed record UsageRecord
{
    /// <summary>No request has more tokens; what an upstream claims beyond it is not believed, so that no sum can overflow.</summary>
    public const long MaxTokens = 1_000_000_000_000;

    /// <summary>Number of the request, above 0 and unique within a run of the gateway. With <see cref="Run"/> it makes a replay harmless.</summary>
    public required long Request { get; init; }

    /// <summary>Random number of the gateway's run; the ledger puts in its own where it is 0.</summary>
    public long Run { get; init; }

    /// <summary>The request id that the client saw.</summary>
    public string Id { get; init; } = "";

    /// <summary>When the request was admitted, UTC: the day and month whose budgets it is paid from.</summary>
    public required DateTimeOffset Admitted { get; init; }

    public required string Tenant { get; init; }

    /// <summary>Name of the key.</summary>
    public required string Key { get; init; }

    /// <summary>The model's name as the client said it.</summary>
    public required string Model { get; init; }

    public string Pool { get; init; } = "";

    /// <summary>The upstream that ended it; the last one where it failed over.</summary>
    public string Upstream { get; init; } = "";

    /// <summary>Name of the class of service; empty for none.</summary>
    public string Class { get; init; } = "";

    /// <summary><c>ok</c>, or the code of the error, or <c>cancelled</c>.</summary>
    public string Outcome { get; init; } = "ok";

    public long PromptTokens { get; init => field = Math.Clamp(value, 0, MaxTokens); }

    /// <summary>Prompt tokens among <see cref="PromptTokens"/> that came from the cache.</summary>
    public long CachedTokens { get; init => field = Math.Clamp(value, 0, MaxTokens); }

    public long CompletionTokens { get; init => field = Math.Clamp(value, 0, MaxTokens); }

    public Money Cost { get; init; }

    /// <summary>Time from the request being sent to its end, over all upstreams that worked on it.</summary>
    public TimeSpan Engine { get; init; }

    /// <summary>Time to the first token; null where there was none.</summary>
    public TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>From admission to the last byte.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Whether tokens were estimated because the upstream reported none.</summary>
    public bool Estimated { get; init; }
}

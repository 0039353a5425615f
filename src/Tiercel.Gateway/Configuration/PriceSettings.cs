namespace Tiercel.Gateway.Configuration;

/// <summary>What an upstream costs, in the currency of the budgets.</summary>
public sealed record PriceSettings
{
    /// <summary>Per million prompt tokens that were computed.</summary>
    public decimal Input { get; init; }

    /// <summary>Per million prompt tokens that came from the cache.</summary>
    public decimal CachedInput { get; init; }

    /// <summary>Per million generated tokens.</summary>
    public decimal Output { get; init; }

    /// <summary>Per second from the request being sent to its end.</summary>
    public decimal EngineSecond { get; init; }
}

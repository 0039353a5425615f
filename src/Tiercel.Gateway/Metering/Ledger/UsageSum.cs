namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>Usage of many requests of one tenant, key, model and UTC day.</summary>
internal sealed record UsageSum(string Tenant, string Key, string Model, DateOnly Day)
{
    /// <summary>Unique within a run, so that it is written once; given when it is taken for writing.</summary>
    public long Number { get; init; }

    public long Requests { get; set; }

    public long PromptTokens { get; set; }

    public long CachedTokens { get; set; }

    public long CompletionTokens { get; set; }

    public Money Cost { get; set; }

    public TimeSpan Engine { get; set; }

    public TimeSpan Duration { get; set; }
}

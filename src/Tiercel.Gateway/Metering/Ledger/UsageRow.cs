namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>Usage of one group.</summary>
/// <param name="Group">The values of the dimensions, in the order of the query; days as <c>yyyy-MM-dd</c>.</param>
/// <param name="Requests">All requests, those in sums among them.</param>
/// <param name="Summed">Requests that are known only as sums.</param>
/// <param name="Failed">Requests that did not end well, as far as they are known one by one.</param>
/// <param name="Cost">In the currency of the prices.</param>
/// <param name="EngineSeconds">Time that engines worked on them.</param>
public sealed record UsageRow(
    IReadOnlyList<string> Group,
    long Requests,
    long Summed,
    long Failed,
    long PromptTokens,
    long CachedTokens,
    long CompletionTokens,
    decimal Cost,
    double EngineSeconds);

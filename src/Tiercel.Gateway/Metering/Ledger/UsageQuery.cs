namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>Which usage is asked for, and how it is grouped.</summary>
/// <param name="By">In the order of the columns; none gives one row of all.</param>
/// <param name="Since">First day, UTC; null for the beginning.</param>
/// <param name="Until">Last day, UTC; null for the end.</param>
public sealed record UsageQuery(IReadOnlyList<UsageDimension> By, DateOnly? Since = null, DateOnly? Until = null);

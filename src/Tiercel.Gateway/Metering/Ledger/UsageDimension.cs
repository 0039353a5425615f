namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>What usage can be grouped by. Sums that were written in place of single requests know all of these.</summary>
public enum UsageDimension
{
    Tenant,
    Key,
    Model,

    /// <summary>UTC day on which the request was admitted.</summary>
    Day,
}

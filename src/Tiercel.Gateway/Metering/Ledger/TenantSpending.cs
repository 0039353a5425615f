namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>What a tenant has spent on the day and in the month of a budget, as the ledger knows it.</summary>
internal readonly record struct TenantSpending(string Tenant, Money Day, Money Month);

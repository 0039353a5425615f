namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>A ledger that cannot be used, and why.</summary>
public sealed class LedgerException(string message, Exception? inner = null) : Exception(message, inner);

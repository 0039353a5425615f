namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>How the ledger is, for <c>/health</c>, metrics and logs.</summary>
/// <param name="Health">Whether usage reaches the disk.</param>
/// <param name="Reason">Why it does not; null when it does.</param>
/// <param name="Buffered">Records that wait for the disk.</param>
/// <param name="Summed">Requests that are kept only as sums, because the buffer was full, and wait for the disk.</param>
/// <param name="Written">Requests on disk since the start, those in sums among them.</param>
/// <param name="Restored">Whether what was spent before this start is known.</param>
internal sealed record LedgerState(LedgerHealth Health, string? Reason, long Buffered, long Summed, long Written, bool Restored);

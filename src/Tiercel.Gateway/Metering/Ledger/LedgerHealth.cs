namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>Whether usage reaches the disk.</summary>
internal enum LedgerHealth
{
    /// <summary>Everything but what came within the last flush interval is on disk.</summary>
    Durable,

    /// <summary>No file is configured: usage is summed in memory and gone with the process.</summary>
    MemoryOnly,

    /// <summary>The file cannot be written now. Requests are served, usage waits in memory, and writing is tried again.</summary>
    Unavailable,
}

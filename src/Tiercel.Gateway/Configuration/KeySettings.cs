namespace Tiercel.Gateway.Configuration;

/// <summary>A key of a tenant.</summary>
/// <param name="Name">What the ledger calls it.</param>
/// <param name="Sha256">Its SHA-256. The key itself is not kept.</param>
/// <param name="Reference">Where it came from: <c>env:NAME</c>, <c>file:PATH</c> or <c>sha256:…</c>.</param>
public sealed record KeySettings(string Name, ReadOnlyMemory<byte> Sha256, string Reference);

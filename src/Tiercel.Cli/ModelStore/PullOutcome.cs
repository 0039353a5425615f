namespace Tiercel.Cli.ModelStore;

/// <summary>A pull that succeeded.</summary>
/// <param name="Fetched">Bytes that had to be fetched in this run; 0 if everything was here.</param>
internal sealed record PullOutcome(StoredModel Model, long Fetched);

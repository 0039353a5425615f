namespace Tiercel.Cli.ModelStore;

/// <summary>Where a stored model came from; lies as JSON beside its first file, under that file's name and <c>.json</c>.</summary>
/// <param name="Repository"><c>user/repo</c> on the hub.</param>
/// <param name="Quantization">As in the file's name, such as Q4_K_M.</param>
/// <param name="Revision">The commit, 40 hex digits.</param>
/// <param name="Files">In the order of the split.</param>
internal sealed record ModelRecord(
    string Repository, string? Quantization, string Revision, DateTimeOffset PulledAt, IReadOnlyList<ModelRecordFile> Files);

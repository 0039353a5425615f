namespace Tiercel.Cli.ModelStore;

/// <summary>A model that can be served from this machine.</summary>
/// <param name="Name">What the user calls it: <c>user/repo:QUANT</c>, or the file's name without its ending.</param>
/// <param name="Path">The file to open; of a split model, the first one.</param>
/// <param name="Files">All its files that are here.</param>
/// <param name="Size">Bytes of those.</param>
/// <param name="Quantization">From the record or the file's name.</param>
/// <param name="Record">Null for a file that was put into the store by hand, or lies outside of it.</param>
/// <param name="Problem">What is wrong with it: files missing, a record that cannot be read.</param>
internal sealed record StoredModel(
    string Name, string Path, IReadOnlyList<string> Files, long Size, string? Quantization, ModelRecord? Record, string? Problem);

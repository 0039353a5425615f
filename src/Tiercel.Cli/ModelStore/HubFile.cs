namespace Tiercel.Cli.ModelStore;

/// <summary>A model file as the hub lists it.</summary>
/// <param name="Path">In the repository, with <c>/</c> between folders; safe to use below a folder.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">64 lower-case hex digits.</param>
internal sealed record HubFile(string Path, long Size, string Sha256);

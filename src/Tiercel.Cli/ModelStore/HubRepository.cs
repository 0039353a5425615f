namespace Tiercel.Cli.ModelStore;

/// <summary>The GGUF files of a repository at one commit.</summary>
/// <param name="Name"><c>user/repo</c>.</param>
/// <param name="Revision">The commit, 40 hex digits. Files are fetched from it by name, so that all shards are of one version.</param>
internal sealed record HubRepository(string Name, string Revision, IReadOnlyList<HubFile> Files);

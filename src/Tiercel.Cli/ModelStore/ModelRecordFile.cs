namespace Tiercel.Cli.ModelStore;

/// <summary>One pulled file.</summary>
/// <param name="Path">In the repository, and under the repository's folder in the store.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">64 lower-case hex digits; the bytes in the store had this hash when they were pulled.</param>
internal sealed record ModelRecordFile(string Path, long Size, string Sha256);

using Tiercel.Cli.ModelStore;

namespace Tiercel.Cli.Json;

/// <summary>A line of <c>tiercel list</c>.</summary>
internal sealed record ListedModel(string Name, string Path, long SizeBytes, string? Quantization, DateTimeOffset Modified, string? Sha256, string? Problem)
{
    public static ListedModel Of(StoredModel model) => new(
        model.Name,
        model.Path,
        model.Size,
        model.Quantization,
        new DateTimeOffset(File.GetLastWriteTimeUtc(model.Path), TimeSpan.Zero),
        model.Record?.Files is [var only] ? only.Sha256 : null,
        model.Problem);
}

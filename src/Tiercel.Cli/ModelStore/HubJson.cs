using System.Text.Json.Serialization;

namespace Tiercel.Cli.ModelStore;

/// <summary>What the hub answers to <c>/api/models/user/repo/revision/main?blobs=true</c>, of which these fields are read.</summary>
internal sealed record HubModelInfo(
    [property: JsonPropertyName("id")] string? Id,
    [property: JsonPropertyName("sha")] string? Sha,
    [property: JsonPropertyName("siblings")] IReadOnlyList<HubModelInfo.Sibling?>? Siblings)
{
    internal sealed record Sibling(
        [property: JsonPropertyName("rfilename")] string? Path,
        [property: JsonPropertyName("size")] long? Size,
        [property: JsonPropertyName("lfs")] LargeFile? Lfs);

    internal sealed record LargeFile(
        [property: JsonPropertyName("sha256")] string? Sha256,
        [property: JsonPropertyName("size")] long? Size);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(HubModelInfo))]
[JsonSerializable(typeof(ModelRecord))]
internal sealed partial class ModelStoreJson : JsonSerializerContext;

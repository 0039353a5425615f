using System.Text.Json.Serialization;

namespace Tiercel.Cli.Json;

/// <summary>One entry of <c>/v1/models</c>; servers other than this one give only the name.</summary>
internal sealed record ModelListEntry(string? Id, [property: JsonPropertyName("max_model_len")] int? ContextLength, ModelListMeta? Meta);

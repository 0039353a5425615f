using System.Text.Encodings.Web;
using System.Text.Json;
using Tiercel.Engine;

namespace Tiercel.Protocols.Writing;

/// <summary>How every answer is written.</summary>
internal static class JsonOutput
{
    /// <summary>
    /// Text is escaped no more than JSON asks: answers are served as application/json or as events, never inside a web page. Line feeds are always
    /// escaped, which is what keeps text of a model from becoming an event of its own.
    /// </summary>
    public static JsonWriterOptions Options { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>The finish reasons that strict clients know; they throw on any other.</summary>
    public static string FinishReasonName(FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "only whole answers have a finish reason on the wire"),
    };

    public static void WriteUsage(Utf8JsonWriter json, GenerationUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, usage.PromptTokens);
        json.WriteNumber("completion_tokens"u8, usage.OutputTokens);
        json.WriteNumber("total_tokens"u8, usage.PromptTokens + usage.OutputTokens);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

using System.Buffers;
using System.Text.Json;
using Tiercel.Protocols.Writing;

namespace Tiercel.Protocols.Errors;

/// <summary>Writes an error as OpenAI's clients expect it.</summary>
public static class ErrorBody
{
    public static void Write(IBufferWriter<byte> output, ApiError error)
    {
        using Utf8JsonWriter json = new(output, JsonOutput.Options);
        Write(json, error);
    }

    internal static void Write(Utf8JsonWriter json, ApiError error)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, error.Type);
        json.WriteString("param"u8, error.Parameter);
        json.WriteString("code"u8, error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

using System.Buffers;
using System.Text.Json;

namespace Tiercel.Gateway.Fleet;

/// <summary>Looks into one chunk of a chat stream. Only where a stream may have to be continued by its text.</summary>
internal static class DeltaText
{
    /// <summary>The text of the first choice's delta, escaped as it stands in the JSON.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> bytes, out byte[] escaped)
    {
        escaped = [];
        return TryDelta(bytes, out byte[] json, out Utf8JsonReader delta) && TryContent(json, ref delta, out escaped, out _, out _);
    }

    /// <summary>Whether the chunk says the role and nothing else.</summary>
    public static bool IsRoleOnly(in ReadOnlySequence<byte> bytes) =>
        TryDelta(bytes, out byte[] json, out Utf8JsonReader delta) && !TryContent(json, ref delta, out _, out bool role, out bool more) && role && !more;

    private static bool TryDelta(in ReadOnlySequence<byte> bytes, out byte[] json, out Utf8JsonReader reader)
    {
        json = bytes.ToArray();
        int start = json.AsSpan().IndexOf((byte)'{');
        int end = json.AsSpan().LastIndexOf((byte)'}');
        json = start >= 0 && end > start ? json[start..(end + 1)] : [];
        reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("delta"u8))
                {
                    return reader.Read() && reader.TokenType == JsonTokenType.StartObject;
                }
            }
        }
        catch (JsonException)
        {
            // The scanner judged the event already; what cannot be read here has no text.
        }

        return false;
    }

    /// <param name="more">Something else is said: a tool call, which some engines begin in the chunk of the role, or a thought.</param>
    private static bool TryContent(byte[] json, ref Utf8JsonReader delta, out byte[] escaped, out bool role, out bool more)
    {
        escaped = [];
        role = more = false;
        while (delta.Read() && delta.TokenType == JsonTokenType.PropertyName)
        {
            bool content = delta.ValueTextEquals("content"u8);
            bool says = delta.ValueTextEquals("role"u8);
            role |= says;
            delta.Read();
            if (content && delta.TokenType == JsonTokenType.String)
            {
                int start = checked((int)delta.TokenStartIndex) + 1;
                escaped = json[start..checked((int)delta.BytesConsumed - 1)];
            }
            else
            {
                int start = checked((int)delta.TokenStartIndex);
                bool text = delta.TokenType == JsonTokenType.String;
                bool holds = text || delta.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
                delta.Skip();

                // Two bytes are an empty text, list or object.
                more |= !says && holds && delta.BytesConsumed - start > 2;
            }
        }

        return escaped.Length > 0;
    }
}

using System.Text.Json;
using Tiercel.Gateway.Upstreams;
using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Telemetry.Content;

/// <summary>Reads texts out of JSON for telemetry, where what cannot be read is left out and nothing is refused.</summary>
internal static class ContentReader
{
    /// <summary>The unescaped bytes of a string; empty when something else stands there, which is skipped.</summary>
    public static ReadOnlySpan<byte> String(scoped ref JsonCursor json)
    {
        if (json.Peek() != '"')
        {
            json.Skip();
            return default;
        }

        if (!json.ReadString(out ByteRange range, out bool isEscaped))
        {
            return default;
        }

        return isEscaped ? Unescape(json.Bytes(range)) : json.Bytes(range)[1..^1];
    }

    /// <summary>A small whole number; -1 when something else stands there, which is skipped.</summary>
    public static int Number(scoped ref JsonCursor json) =>
        System.Buffers.Text.Utf8Parser.TryParse(json.SkipBytes(), out int value, out _) && value >= 0 ? value : -1;

    private static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> quoted)
    {
        Utf8JsonReader reader = new(quoted);
        byte[] text = new byte[quoted.Length];
        try
        {
            reader.Read();
            return text.AsSpan(0, reader.CopyString(text));
        }
        catch (Exception error) when (error is InvalidOperationException or JsonException)
        {
            // Half of a surrogate pair: no text.
            return default;
        }
    }
}

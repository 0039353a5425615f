using System.Buffers.Text;

namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>Reads a <c>usage</c> object, as OpenAI and those who follow it write it.</summary>
internal static class UsageReader
{
    /// <param name="json">At the value of <c>usage</c>.</param>
    /// <returns>Null when it is null or tells no numbers.</returns>
    public static TokenUsage? Read(ref JsonCursor json)
    {
        if (json.Peek() != '{')
        {
            _ = json.Skip();
            return null;
        }

        int? prompt = null;
        int? completion = null;
        int? total = null;
        int cached = 0;
        bool isFirst = true;
        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("prompt_tokens"u8))
            {
                prompt = Count(ref json);
            }
            else if (name.SequenceEqual("completion_tokens"u8))
            {
                completion = Count(ref json);
            }
            else if (name.SequenceEqual("total_tokens"u8))
            {
                total = Count(ref json);
            }
            else if (name.SequenceEqual("prompt_tokens_details"u8))
            {
                cached = Cached(ref json);
            }
            else
            {
                _ = json.Skip();
            }
        }

        // Embeddings tell a prompt and a total only.
        return prompt is int tokens ? new TokenUsage(tokens, Math.Min(cached, tokens), completion ?? Math.Max(0, (total ?? tokens) - tokens)) : null;
    }

    internal static int? Count(ref JsonCursor json) =>
        Utf8Parser.TryParse(json.SkipBytes(), out int value, out int _) && value >= 0 ? value : null;

    private static int Cached(ref JsonCursor json)
    {
        if (json.Peek() != '{')
        {
            _ = json.Skip();
            return 0;
        }

        int cached = 0;
        bool isFirst = true;
        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("cached_tokens"u8))
            {
                cached = Count(ref json) ?? 0;
            }
            else
            {
                _ = json.Skip();
            }
        }

        return cached;
    }
}

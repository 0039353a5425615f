namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>Reads one object of an answer: a chunk of a stream, or the whole of it.</summary>
internal static class ChunkReader
{
    private const int LongestReason = 64;

    /// <param name="json">One JSON object and nothing else.</param>
    /// <param name="finished">Told each choice that has a finish reason; may be null.</param>
    /// <returns>False when it is not.</returns>
    public static bool TryRead(ReadOnlySpan<byte> json, FinishedChoices? finished, out ChunkFacts facts)
    {
        facts = default;
        JsonCursor cursor = new(json);
        bool isFirst = true;
        if (!cursor.Enter((byte)'{'))
        {
            return false;
        }

        while (cursor.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            switch (name.Length)
            {
                case 5 when name.SequenceEqual("error"u8):
                    facts.IsError |= cursor.Peek() != 'n';
                    _ = cursor.Skip();
                    break;
                case 5 when name.SequenceEqual("usage"u8):
                    facts.Usage = UsageReader.Read(ref cursor) ?? facts.Usage;
                    break;
                case 6 when name.SequenceEqual("object"u8):
                    // The shape of old versions of vLLM: the error is the object itself.
                    facts.IsError |= cursor.SkipBytes().SequenceEqual("\"error\""u8);
                    break;
                case 7 when name.SequenceEqual("choices"u8):
                    ReadChoices(ref cursor, finished, ref facts);
                    break;
                default:
                    _ = cursor.Skip();
                    break;
            }
        }

        return cursor.IsAtEnd();
    }

    private static void ReadChoices(ref JsonCursor json, FinishedChoices? finished, ref ChunkFacts facts)
    {
        if (json.Peek() != '[')
        {
            _ = json.Skip();
            return;
        }

        bool isFirst = true;
        _ = json.Enter((byte)'[');
        while (json.NextElement(ref isFirst))
        {
            facts.Choices++;
            if (json.Peek() != '{')
            {
                _ = json.Skip();
                continue;
            }

            ReadChoice(ref json, finished, ref facts);
        }
    }

    private static void ReadChoice(ref JsonCursor json, FinishedChoices? finished, ref ChunkFacts facts)
    {
        int index = 0;
        string? reason = null;
        bool isFirst = true;
        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("delta"u8) || name.SequenceEqual("message"u8))
            {
                ReadDelta(ref json, ref facts);
            }
            else if (name.SequenceEqual("text"u8))
            {
                ReadTextValue(ref json, ref facts);
            }
            else if (name.SequenceEqual("index"u8))
            {
                index = UsageReader.Count(ref json) ?? 0;
            }
            else if (name.SequenceEqual("finish_reason"u8))
            {
                reason = ReadReason(ref json);
            }
            else
            {
                _ = json.Skip();
            }
        }

        facts.Choice = facts.Choices == 1 ? index : facts.Choice;
        if (reason is not null)
        {
            facts.FinishReason = reason;
            finished?.Add(index);
        }
    }

    private static string? ReadReason(ref JsonCursor json)
    {
        if (json.Peek() != '"' || !json.ReadString(out ByteRange range, out _))
        {
            _ = json.Skip();
            return null;
        }

        // Some engines write an empty reason where others write null.
        ReadOnlySpan<byte> text = json.Bytes(range)[1..^1];
        return text.Length switch
        {
            0 => null,
            4 when text.SequenceEqual("stop"u8) => "stop",
            6 when text.SequenceEqual("length"u8) => "length",
            10 when text.SequenceEqual("tool_calls"u8) => "tool_calls",
            14 when text.SequenceEqual("content_filter"u8) => "content_filter",
            <= LongestReason => System.Text.Encoding.Latin1.GetString(text),
            _ => "other",
        };
    }

    /// <summary>Everything in a delta but the role is text of some kind: content, reasoning, a refusal, tool calls.</summary>
    private static void ReadDelta(ref JsonCursor json, ref ChunkFacts facts)
    {
        if (json.Peek() != '{')
        {
            _ = json.Skip();
            return;
        }

        bool isFirst = true;
        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("role"u8))
            {
                _ = json.Skip();
                continue;
            }

            ReadTextValue(ref json, ref facts);
        }
    }

    private static void ReadTextValue(ref JsonCursor json, ref ChunkFacts facts)
    {
        switch (json.Peek())
        {
            case (byte)'"':
                if (json.ReadString(out ByteRange text, out _) && text.Length > 2)
                {
                    facts.HasText = true;
                    facts.Text = facts.Texts++ == 0 ? text : default;
                }

                break;
            case (byte)'n':
                _ = json.Skip();
                break;
            default:
                // An array or object of length 2 is empty.
                facts.HasText |= json.Skip().Length > 2;
                break;
        }
    }
}

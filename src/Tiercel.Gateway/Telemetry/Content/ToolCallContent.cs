using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Telemetry.Content;

/// <summary>A tool call of a message, or the piece of one that a chunk of a stream brings.</summary>
internal ref struct ToolCallContent
{
    /// <summary>Its place among the calls of the message; -1 where it is not said.</summary>
    public int Index;

    public ReadOnlySpan<byte> Id;

    public ReadOnlySpan<byte> Name;

    public ReadOnlySpan<byte> Arguments;

    public static ToolCallContent Read(scoped ref JsonCursor json)
    {
        ToolCallContent call = new() { Index = -1 };
        if (json.Peek() != '{')
        {
            json.Skip();
            return call;
        }

        bool first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("index"u8))
            {
                call.Index = ContentReader.Number(ref json);
            }
            else if (name.SequenceEqual("id"u8))
            {
                call.Id = ContentReader.String(ref json);
            }
            else if (name.SequenceEqual("function"u8) && json.Peek() == '{')
            {
                call.ReadFunction(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return call;
    }

    private void ReadFunction(scoped ref JsonCursor json)
    {
        bool first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("name"u8))
            {
                Name = ContentReader.String(ref json);
            }
            else if (name.SequenceEqual("arguments"u8))
            {
                Arguments = ContentReader.String(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }
}

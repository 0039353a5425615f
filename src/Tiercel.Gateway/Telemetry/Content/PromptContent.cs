using Tiercel.Gateway.Upstreams;
using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Telemetry.Content;

/// <summary>A request's prompt as an attribute of its span.</summary>
internal static class PromptContent
{
    /// <param name="json">The value of <c>messages</c>, <c>prompt</c> or <c>input</c>, which was scanned before.</param>
    /// <returns>Messages as the conventions want them, and how many bytes of content are not among them.</returns>
    public static (string Messages, long CutBytes) Of(BodyKind kind, ReadOnlySpan<byte> json)
    {
        using ContentMessages messages = new();
        JsonCursor cursor = new(json);
        if (kind != BodyKind.Chat && cursor.Peek() == '"')
        {
            Prompt(ref cursor, messages);
        }
        else if (cursor.Enter((byte)'['))
        {
            bool first = true;
            while (cursor.NextElement(ref first))
            {
                if (!messages.HasRoom)
                {
                    messages.LeftOut(cursor.Skip().Length);
                }
                else if (kind == BodyKind.Chat)
                {
                    Message(ref cursor, messages);
                }
                else
                {
                    Prompt(ref cursor, messages);
                }
            }
        }

        if (cursor.Failed)
        {
            messages.LeftOut(json.Length - cursor.Position);
        }

        return (messages.Finish(), messages.CutBytes);
    }

    private static void Prompt(scoped ref JsonCursor json, ContentMessages messages)
    {
        if (json.Peek() != '"')
        {
            // Token ids, alone or a list of them: no text to show.
            messages.LeftOut(json.Skip().Length);
            return;
        }

        messages.Begin("user"u8);
        messages.Text("text"u8, ContentReader.String(ref json));
        messages.End();
    }

    private static void Message(scoped ref JsonCursor json, ContentMessages messages)
    {
        if (json.Peek() != '{')
        {
            messages.LeftOut(json.Skip().Length);
            return;
        }

        // The role may stand behind the content, which is written otherwise for tools.
        JsonCursor ahead = json;
        ReadOnlySpan<byte> role = default;
        ReadOnlySpan<byte> answers = default;
        bool first = true;
        ahead.Enter((byte)'{');
        while (ahead.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("role"u8))
            {
                role = ContentReader.String(ref ahead);
            }
            else if (name.SequenceEqual("tool_call_id"u8))
            {
                answers = ContentReader.String(ref ahead);
            }
            else
            {
                ahead.Skip();
            }
        }

        messages.Begin(role);
        first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("content"u8))
            {
                Content(ref json, messages, answers);
            }
            else if (name.SequenceEqual("tool_calls"u8))
            {
                ToolCalls(ref json, messages);
            }
            else
            {
                json.Skip();
            }
        }

        messages.End();
    }

    private static void Content(scoped ref JsonCursor json, ContentMessages messages, ReadOnlySpan<byte> answers)
    {
        if (json.Peek() == '[')
        {
            bool first = true;
            json.Enter((byte)'[');
            while (json.NextElement(ref first))
            {
                Part(ref json, messages, answers);
            }
        }
        else if (json.Peek() == '"')
        {
            Text(messages, ContentReader.String(ref json), answers);
        }
        else
        {
            json.Skip();
        }
    }

    private static void Part(scoped ref JsonCursor json, ContentMessages messages, ReadOnlySpan<byte> answers)
    {
        if (json.Peek() != '{')
        {
            messages.LeftOut(json.Skip().Length);
            return;
        }

        int start = json.Position;
        ReadOnlySpan<byte> type = default;
        ReadOnlySpan<byte> text = default;
        bool first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("type"u8))
            {
                type = ContentReader.String(ref json);
            }
            else if (name.SequenceEqual("text"u8))
            {
                text = ContentReader.String(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        if (type.SequenceEqual("text"u8))
        {
            Text(messages, text, answers);
        }
        else
        {
            messages.Other(type, json.Position - start);
        }
    }

    private static void Text(ContentMessages messages, ReadOnlySpan<byte> text, ReadOnlySpan<byte> answers)
    {
        if (answers.IsEmpty)
        {
            messages.Text("text"u8, text);
        }
        else
        {
            messages.ToolResponse(answers, text);
        }
    }

    private static void ToolCalls(scoped ref JsonCursor json, ContentMessages messages)
    {
        bool first = true;
        if (json.Peek() != '[')
        {
            json.Skip();
            return;
        }

        json.Enter((byte)'[');
        while (json.NextElement(ref first))
        {
            ToolCallContent call = ToolCallContent.Read(ref json);
            messages.ToolCall(call.Id, call.Name, call.Arguments);
        }
    }
}

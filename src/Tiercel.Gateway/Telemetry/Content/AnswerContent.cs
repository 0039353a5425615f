using System.Buffers;
using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Telemetry.Content;

/// <summary>Gathers what a client was sent, whole or in chunks, as an attribute of the request's span. It holds so many bytes of text and no more.</summary>
internal sealed class AnswerContent
{
    private const int MaxChoices = 128;
    private readonly SortedDictionary<int, Choice> _choices = [];
    private int _left = ContentMessages.MaxBytes;
    private long _cut;

    /// <summary>Takes a whole answer, or an event of a stream as it stands on the wire.</summary>
    public void Add(in ReadOnlySequence<byte> bytes)
    {
        ReadOnlySpan<byte> json = bytes.IsSingleSegment ? bytes.FirstSpan : bytes.ToArray();
        int start = json.IndexOf((byte)'{');
        if (start >= 0)
        {
            Add(json[start..]);
        }
    }

    /// <returns>Messages as the conventions want them, and how many bytes of content are not among them.</returns>
    public (string Messages, long CutBytes) Finish()
    {
        using ContentMessages messages = new();
        messages.LeftOut(_cut);
        foreach (Choice choice in _choices.Values)
        {
            choice.Write(messages);
        }

        return (messages.Finish(), messages.CutBytes);
    }

    private void Add(ReadOnlySpan<byte> chunk)
    {
        JsonCursor json = new(chunk);
        bool first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (!name.SequenceEqual("choices"u8) || json.Peek() != '[')
            {
                json.Skip();
                continue;
            }

            bool firstChoice = true;
            json.Enter((byte)'[');
            while (json.NextElement(ref firstChoice))
            {
                ReadChoice(ref json);
            }
        }
    }

    private void ReadChoice(scoped ref JsonCursor json)
    {
        if (json.Peek() != '{')
        {
            json.Skip();
            return;
        }

        // The index may stand behind the text.
        JsonCursor ahead = json;
        int index = 0;
        bool first = true;
        ahead.Enter((byte)'{');
        while (ahead.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            index = name.SequenceEqual("index"u8) ? ContentReader.Number(ref ahead) : Skip(ref ahead, index);
        }

        if (!_choices.TryGetValue(index, out Choice? choice))
        {
            if (_choices.Count == MaxChoices)
            {
                _cut += json.Skip().Length;
                return;
            }

            choice = _choices[index] = new Choice();
        }

        first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("text"u8))
            {
                Append(choice.Text, ContentReader.String(ref json));
            }
            else if (name.SequenceEqual("finish_reason"u8))
            {
                ReadOnlySpan<byte> reason = ContentReader.String(ref json);
                choice.FinishReason = reason.IsEmpty ? choice.FinishReason : ContentMessages.Fit(reason, Choice.LongestReason).ToArray();
            }
            else if ((name.SequenceEqual("delta"u8) || name.SequenceEqual("message"u8)) && json.Peek() == '{')
            {
                ReadMessage(ref json, choice);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private void ReadMessage(scoped ref JsonCursor json, Choice choice)
    {
        bool first = true;
        json.Enter((byte)'{');
        while (json.NextProperty(ref first, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("content"u8) || name.SequenceEqual("refusal"u8))
            {
                Append(choice.Text, ContentReader.String(ref json));
            }
            else if (name.SequenceEqual("reasoning_content"u8) || name.SequenceEqual("reasoning"u8))
            {
                Append(choice.Reasoning, ContentReader.String(ref json));
            }
            else if (name.SequenceEqual("tool_calls"u8) && json.Peek() == '[')
            {
                ReadToolCalls(ref json, choice);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private void ReadToolCalls(scoped ref JsonCursor json, Choice choice)
    {
        bool first = true;
        int place = 0;
        json.Enter((byte)'[');
        while (json.NextElement(ref first))
        {
            ToolCallContent piece = ToolCallContent.Read(ref json);
            if (choice.Call(piece.Index >= 0 ? piece.Index : place) is { } call)
            {
                Append(call.Id, piece.Id);
                Append(call.Name, piece.Name);
                Append(call.Arguments, piece.Arguments);
            }
            else
            {
                _cut += piece.Arguments.Length;
            }

            place++;
        }
    }

    private static int Skip(scoped ref JsonCursor json, int index)
    {
        json.Skip();
        return index;
    }

    private void Append(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> text)
    {
        // Nothing comes behind a cut, or the text would seem to go on.
        ReadOnlySpan<byte> taken = _cut > 0 ? default : ContentMessages.Fit(text, _left);
        _left -= taken.Length;
        _cut += text.Length - taken.Length;
        to.Write(taken);
    }

    private sealed class Choice
    {
        public const int LongestReason = 64;
        private const int MaxCalls = 64;
        private readonly SortedDictionary<int, ToolCall> _calls = [];

        public ArrayBufferWriter<byte> Reasoning { get; } = new();

        public ArrayBufferWriter<byte> Text { get; } = new();

        public byte[] FinishReason { get; set; } = [];

        public ToolCall? Call(int index) =>
            _calls.TryGetValue(index, out ToolCall? call) ? call : _calls.Count < MaxCalls ? _calls[index] = new ToolCall() : null;

        public void Write(ContentMessages messages)
        {
            if (!messages.HasRoom)
            {
                messages.LeftOut(Text.WrittenCount + Reasoning.WrittenCount + _calls.Values.Sum(call => call.Arguments.WrittenCount));
                return;
            }

            messages.Begin("assistant"u8);
            if (Reasoning.WrittenCount > 0)
            {
                messages.Text("reasoning"u8, Reasoning.WrittenSpan);
            }

            if (Text.WrittenCount > 0)
            {
                messages.Text("text"u8, Text.WrittenSpan);
            }

            foreach (ToolCall call in _calls.Values)
            {
                messages.ToolCall(call.Id.WrittenSpan, call.Name.WrittenSpan, call.Arguments.WrittenSpan);
            }

            // The conventions' word for it is in the singular; an answer that has no reason was broken off.
            messages.End(FinishReason is [] ? "error"u8 : FinishReason.AsSpan().SequenceEqual("tool_calls"u8) ? "tool_call"u8 : FinishReason);
        }
    }

    private sealed record ToolCall
    {
        public ArrayBufferWriter<byte> Id { get; } = new();

        public ArrayBufferWriter<byte> Name { get; } = new();

        public ArrayBufferWriter<byte> Arguments { get; } = new();
    }
}

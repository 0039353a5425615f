using System.Buffers;
using System.Buffers.Text;
using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Upstreams;

/// <summary>
/// Finds the events of a stream and says what each is, without copying or re-writing any of it. Incremental: bytes of an event that is not whole yet are
/// given again with those that follow, and are not looked at twice.
/// </summary>
internal sealed class SseScanner
{
    private readonly int _maxEventBytes;
    private readonly List<StreamToken>? _tokens;
    private readonly FinishedChoices _finished;
    private readonly ChunkTemplate _template = new();
    private ChunkTemplate[]? _otherTemplates;
    private EventLines _lines;
    private StreamEnd? _fault;
    private int _choice;

    /// <param name="choices">Choices that the request asks for: each must finish.</param>
    /// <param name="maxEventBytes">Longest event.</param>
    /// <param name="tokens">Where tokens of a worker's comments go; null: comments are left alone.</param>
    public SseScanner(int choices, int maxEventBytes, List<StreamToken>? tokens = null)
    {
        _maxEventBytes = maxEventBytes;
        _tokens = tokens;
        _finished = new FinishedChoices(choices);
    }

    /// <summary>The choice has ended before this stream, which goes on with the others.</summary>
    public void HasEnded(int choice) => _finished.Add(choice);

    /// <summary>Usage as last told; null when no event has told any.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>Events that carried text.</summary>
    public int ContentEvents { get; private set; }

    /// <summary>Choices with a finish reason.</summary>
    public int FinishedChoices => _finished.Count;

    /// <summary>The finish reason told last; null while there is none.</summary>
    public string? FinishReason { get; private set; }

    public bool IsDone { get; private set; }

    /// <summary>What was wrong, when an event was <see cref="SseEventKind.Broken"/>.</summary>
    public string? Fault { get; private set; }

    /// <summary>Takes the next whole event from the front.</summary>
    /// <param name="buffer">Everything not taken yet; on success without the event. On failure nothing may be dropped from its front.</param>
    public bool TryRead(ref ReadOnlySequence<byte> buffer, out SseEvent next)
    {
        ReadOnlySpan<byte> first = buffer.FirstSpan;
        if (buffer.IsSingleSegment || first.Length >= _maxEventBytes)
        {
            if (!TryRead(first, out next))
            {
                return false;
            }

            buffer = buffer.Slice(next.Length);
            return true;
        }

        int length = (int)Math.Min(buffer.Length, _maxEventBytes + 1L);
        byte[] joined = ArrayPool<byte>.Shared.Rent(length);
        buffer.Slice(0, length).CopyTo(joined);
        bool found = TryRead(joined.AsSpan(0, length), out next);
        ArrayPool<byte>.Shared.Return(joined);
        if (found)
        {
            buffer = buffer.Slice(next.Length);
        }

        return found;
    }

    /// <summary>Like the other, on contiguous bytes: the event is the first <see cref="SseEvent.Length"/> of them.</summary>
    public bool TryRead(ReadOnlySpan<byte> buffer, out SseEvent next)
    {
        if (buffer.IsEmpty)
        {
            next = default;
            return false;
        }

        if (IsDone || _fault is not null and not StreamEnd.ErrorEvent)
        {
            next = new SseEvent(IsDone ? SseEventKind.AfterDone : SseEventKind.Broken, buffer.Length);
            return true;
        }

        if (!_lines.TryFindEnd(buffer, _tokens is not null, out int length))
        {
            next = default;
            return buffer.Length > _maxEventBytes && Break(StreamEnd.TooLong, "an event of the stream is too long", buffer.Length, out next);
        }

        EventLines lines = _lines;
        _lines = default;
        if (lines.Fault is not null || length > _maxEventBytes)
        {
            return Break(
                lines.Fault is null ? StreamEnd.TooLong : StreamEnd.Malformed, lines.Fault ?? "an event of the stream is too long", buffer.Length, out next);
        }

        _choice = -1;
        SseEventKind kind = Classify(buffer[..length], lines);
        if (kind == SseEventKind.Broken || (lines.CutLength > 0 && !TakeTokens(buffer.Slice(lines.CutStart, lines.CutLength))))
        {
            return Break(StreamEnd.Malformed, Fault ?? "a token comment is malformed", buffer.Length, out next);
        }

        next = new SseEvent(kind, length, lines.CutStart, lines.CutLength, _choice);
        return true;
    }

    /// <summary>How the stream ended, once it has.</summary>
    /// <param name="rest">Bytes that were left of an event without its empty line.</param>
    public StreamEnd End(long rest) =>
        rest > _maxEventBytes ? StreamEnd.TooLong : _fault ?? (!_finished.AreAll ? StreamEnd.CutBeforeFinish : IsDone ? StreamEnd.Complete : StreamEnd.CutAfterFinish);

    private bool Break(StreamEnd end, string fault, int length, out SseEvent next)
    {
        _fault ??= end;
        Fault = fault;
        next = new SseEvent(SseEventKind.Broken, length);
        return true;
    }

    private SseEventKind Classify(ReadOnlySpan<byte> whole, in EventLines lines)
    {
        if (lines.DataLines == 1)
        {
            return ClassifyData(whole.Slice(lines.DataStart, lines.DataLength), lines.IsErrorEvent);
        }

        if (lines.DataLines == 0)
        {
            return SseEventKind.Comment;
        }

        byte[] joined = ArrayPool<byte>.Shared.Rent(whole.Length);
        int length = EventLines.JoinData(whole, joined);
        SseEventKind kind = ClassifyData(joined.AsSpan(0, length), lines.IsErrorEvent);
        ArrayPool<byte>.Shared.Return(joined);
        return kind;
    }

    private SseEventKind ClassifyData(ReadOnlySpan<byte> data, bool isErrorEvent)
    {
        if (!isErrorEvent && MatchesTemplate(data))
        {
            ContentEvents++;
            return SseEventKind.Content;
        }

        data = data.Trim(" \t\r\n"u8);
        if (data.IsEmpty)
        {
            return SseEventKind.Comment;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            IsDone = true;
            return SseEventKind.Done;
        }

        if (!ChunkReader.TryRead(data, _finished, out ChunkFacts facts))
        {
            if (isErrorEvent)
            {
                _fault = StreamEnd.ErrorEvent;
                return SseEventKind.Error;
            }

            Fault = "an event of the stream is not a JSON object";
            return SseEventKind.Broken;
        }

        return Account(data, facts, isErrorEvent);
    }

    private SseEventKind Account(ReadOnlySpan<byte> data, in ChunkFacts facts, bool isErrorEvent)
    {
        Usage = facts.Usage ?? Usage;
        ContentEvents += facts.HasText ? 1 : 0;
        FinishReason = facts.FinishReason ?? FinishReason;
        _choice = facts.Choices > 0 ? facts.Choice : -1;
        if (facts.IsError || isErrorEvent)
        {
            _fault = StreamEnd.ErrorEvent;
            return SseEventKind.Error;
        }

        if (facts.FinishReason is not null)
        {
            return SseEventKind.Finish;
        }

        if (facts.HasText)
        {
            if (facts is { Choices: 1, Texts: 1, Text.IsEmpty: false, Usage: null })
            {
                Template(facts.Choice).Learn(data, facts.Text, facts.Choice);
            }

            return SseEventKind.Content;
        }

        return facts is { Usage: not null, Choices: 0 } ? SseEventKind.Usage : SseEventKind.Other;
    }

    private bool MatchesTemplate(ReadOnlySpan<byte> data)
    {
        if (_template.Matches(data))
        {
            _choice = _template.Choice;
            return true;
        }

        foreach (ChunkTemplate template in _otherTemplates ?? [])
        {
            if (template.Matches(data))
            {
                _choice = template.Choice;
                return true;
            }
        }

        return false;
    }

    /// <summary>Chunks of different choices differ in their number, so a few choices have templates of their own.</summary>
    private ChunkTemplate Template(int choice)
    {
        if (choice % 4 == 0)
        {
            return _template;
        }

        _otherTemplates ??= [new(), new(), new()];
        return _otherTemplates[(choice % 4) - 1];
    }

    private bool TakeTokens(ReadOnlySpan<byte> comments)
    {
        while (!comments.IsEmpty)
        {
            int end = comments.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = comments[..end].TrimEnd((byte)'\r')[EventLines.TokenMark.Length..];
            comments = comments[(end + 1)..];
            int? choice = null;
            while (!line.IsEmpty)
            {
                if (!Utf8Parser.TryParse(line, out int number, out int used) || number < 0 || (used < line.Length && line[used] != ' '))
                {
                    return false;
                }

                line = line[Math.Min(used + 1, line.Length)..];
                if (choice is null)
                {
                    choice = number;
                    continue;
                }

                _tokens!.Add(new StreamToken(choice.Value, number));
            }

            if (choice is null)
            {
                return false;
            }
        }

        return true;
    }
}

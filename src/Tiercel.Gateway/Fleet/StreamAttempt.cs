using System.Buffers;
using System.IO.Pipelines;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Carries the events of one upstream's stream to the client: bytes are copied as they came, but for what is not the client's (token comments, a usage
/// chunk nobody asked for). Only whole events are passed on, and the journal knows each before it leaves.
/// </summary>
internal sealed class StreamAttempt(Attempt attempt, ClientStream client, StreamJournal journal, StreamTerms terms, FleetClock clock, int maxEventBytes)
{
    private readonly List<StreamToken> _tokens = [];
    private readonly List<int> _ids = [];
    private readonly FleetRequest _request = attempt.Request;
    private bool _written;

    /// <summary>The end of an event whose chunk's last field this is: at the end of the object it can be nothing else.</summary>
    private static ReadOnlySpan<byte> NoUsage => ",\"usage\":null}\n\n"u8;

    /// <summary>Reads the stream to its end, whichever that is.</summary>
    /// <param name="body">The upstream's body.</param>
    /// <param name="firstContent">Called once, with the first event that carries text.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<AttemptEnd> RunAsync(PipeReader body, Action firstContent)
    {
        SseScanner scanner = new(journal.Choices, maxEventBytes, terms.ReadsTokens ? _tokens : null);
        for (int choice = 0; choice < journal.Choices; choice++)
        {
            if (journal.IsFinished(choice))
            {
                scanner.HasEnded(choice);
            }
        }

        bool content = false;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await client.ReadAsync(body, attempt.Token);
                attempt.LastProgress = read.IsCanceled ? attempt.LastProgress : clock.Now;
            }
            catch (UpstreamException error)
            {
                return AttemptEnds.From(error.Failure);
            }
            catch (IOException error)
            {
                return AttemptEnds.Broken($"the upstream's stream broke ({error.GetType().Name})");
            }

            ReadOnlySequence<byte> buffer = read.Buffer;
            AttemptEnd? end = null;
            while (end is null && Next(scanner, ref buffer, out ReadOnlySequence<byte> bytes, out SseEvent scanned))
            {
                end = Take(scanner, bytes, scanned);
                if (!content && scanned.Kind is SseEventKind.Content or SseEventKind.Finish)
                {
                    content = true;
                    firstContent();
                }
            }

            long rest = buffer.Length;
            body.AdvanceTo(buffer.Start, buffer.End);
            _request.Usage = scanner.Usage ?? _request.Usage;
            if (end is null && (read.IsCompleted || scanner.IsDone))
            {
                end = Finish(scanner, rest);
            }

            if (end == AttemptEnd.Whole)
            {
                await client.EndAsync();
            }
            else if (_written)
            {
                _written = false;
                await client.FlushAsync();
            }
            else if (read.IsCanceled && end is null)
            {
                await client.PingAsync();
            }

            if (end is AttemptEnd ended)
            {
                return ended;
            }
        }
    }

    private static bool Next(SseScanner scanner, ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> bytes, out SseEvent scanned)
    {
        ReadOnlySequence<byte> before = buffer;
        bool any = scanner.TryRead(ref buffer, out scanned);
        bytes = any ? before.Slice(0, scanned.Length) : default;
        return any;
    }

    /// <summary>Passes one event on, or says why the stream ends here.</summary>
    private AttemptEnd? Take(SseScanner scanner, in ReadOnlySequence<byte> bytes, SseEvent scanned)
    {
        switch (scanned.Kind)
        {
            case SseEventKind.Comment:
                // Pings of the upstream are its own affair: towards the client the gateway keeps the silence short itself.
                return null;
            case SseEventKind.Usage when !_request.Scanned.IncludeUsage:
            case SseEventKind.AfterDone:
                return null;
            case SseEventKind.Usage:
                journal.Forward(role: false);
                Copy(bytes, scanned);
                return null;
            case SseEventKind.Content or SseEventKind.Finish or SseEventKind.Other:
                return TakeChunk(bytes, scanned);
            case SseEventKind.Done:
                // Written by Finish, once it is known that the stream is whole.
                return null;
            case SseEventKind.Error:
                return ErrorEvents.Read(bytes, attempt.Replica);
            default:
                return new AttemptEnd(
                    AttemptOutcome.Malformed, StreamFailure.Malformed, ApiErrors.UpstreamBroken($"The engine sent something that is no stream ({scanner.Fault})."));
        }
    }

    private AttemptEnd? TakeChunk(in ReadOnlySequence<byte> bytes, SseEvent scanned)
    {
        bool finished = scanned.Kind == SseEventKind.Finish;

        // The scanner knows text, not roles: a chunk of a role with an empty text is one of the others to it.
        bool role = !finished && (terms.ReadsTokens ? _tokens.Count == 0 : terms.SkipsRoles || !journal.AnyContent) && DeltaText.IsRoleOnly(bytes);
        if (role)
        {
            // A second beginning is not for the client, whose answer has begun before.
            int begun = Math.Max(0, scanned.Choice);
            bool again = terms.SkipsRoles && begun < journal.Choices && journal.HasBegun(begun);
            journal.Forward(role: true, begun);
            if (!again)
            {
                Copy(bytes, scanned);
            }

            return null;
        }

        bool content = scanned.Kind != SseEventKind.Other;
        int choice = Math.Max(0, scanned.Choice);
        _ids.Clear();
        foreach (StreamToken token in _tokens)
        {
            if (token.Choice == choice)
            {
                _ids.Add(token.Id);
            }
        }

        bool mixed = _ids.Count != _tokens.Count;
        _tokens.Clear();

        // A worker's choice that begins with text and no tokens begins with the echoed prompt.
        bool opens = terms.ReadsTokens && !mixed && _ids.Count == 0 && content && !finished && (uint)choice < (uint)journal.Choices && journal.Tokens(choice).IsEmpty;
        if (mixed || !(opens ? journal.TryOpen(choice) : journal.TryForward(choice, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids), content, finished)))
        {
            return new AttemptEnd(
                AttemptOutcome.Malformed, StreamFailure.Malformed, ApiErrors.UpstreamBroken("The engine contradicted itself in the middle of the stream."));
        }

        if (terms.KeepsText && DeltaText.TryRead(bytes, out byte[] text))
        {
            journal.AppendText(text);
        }

        if (content && (_ids.Count > 0 || !(terms.ReadsTokens || finished)))
        {
            _request.Telemetry?.Tokens(Math.Max(1, _ids.Count), clock.Now);
        }

        if (terms.ReadsTokens)
        {
            attempt.Record.Tokens = (attempt.Record.Tokens ?? 0) + _ids.Count;
        }

        _request.StreamedTokens += _ids.Count;
        _request.StreamedEvents += content ? 1 : 0;
        _request.Telemetry?.Answer?.Add(bytes);
        Copy(bytes, scanned);
        return null;
    }

    private void Copy(in ReadOnlySequence<byte> came, SseEvent scanned)
    {
        ReadOnlySequence<byte> bytes = terms is { SkipsRoles: true, Identity: { } first } ? first.Apply(came) : came;
        terms.Identity?.Learn(bytes);

        // Usage is asked of every engine, and then each chunk says that it has none yet. To a client that did not ask chunks have no such field.
        long end = bytes.Length;
        bool saysNoUsage = !_request.Scanned.IncludeUsage && end > NoUsage.Length && EndsWith(bytes, NoUsage);
        end -= saysNoUsage ? NoUsage.Length : 0;
        if (scanned.CutLength == 0)
        {
            client.Write(bytes.Slice(0, end));
        }
        else
        {
            client.Write(bytes.Slice(0, scanned.CutStart));
            long rest = scanned.CutStart + scanned.CutLength;
            client.Write(bytes.Slice(rest, end - rest));
        }

        if (saysNoUsage)
        {
            client.Write("}\n\n"u8);
        }

        _written = true;
    }

    private static bool EndsWith(in ReadOnlySequence<byte> bytes, ReadOnlySpan<byte> end)
    {
        if (bytes.IsSingleSegment)
        {
            return bytes.FirstSpan.EndsWith(end);
        }

        Span<byte> last = stackalloc byte[32];
        bytes.Slice(bytes.Length - end.Length).CopyTo(last);
        return last[..end.Length].SequenceEqual(end);
    }

    /// <summary>The body is over, or has said so: only a stream that is whole gets its end from here.</summary>
    private AttemptEnd Finish(SseScanner scanner, long rest)
    {
        StreamEnd end = scanner.End(scanner.IsDone ? 0 : rest);
        if (end is not (StreamEnd.Complete or StreamEnd.CutAfterFinish))
        {
            return AttemptEnds.Broken($"the upstream's stream is not whole ({end})");
        }

        if (end == StreamEnd.CutAfterFinish && _request.Scanned.IncludeUsage && scanner.Usage is null)
        {
            // The text is whole but the usage that was asked for is not there; the resume plan can still get or make it.
            return AttemptEnds.Broken("the upstream's stream ended before its usage");
        }

        client.Write("data: [DONE]\n\n"u8);
        return AttemptEnd.Whole;
    }
}

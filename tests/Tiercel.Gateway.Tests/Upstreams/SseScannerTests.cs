using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Upstreams;

public sealed class SseScannerTests
{
    private const string Role = """data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""" + "\n\n";
    private const string Stop = """data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Used = """data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4}}}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";

    /// <summary>Streams, the kinds of their events, and how they end.</summary>
    public static TheoryData<string, string, string> Streams => new()
    {
        { Role + Text("a") + Text("b") + Stop + Used + Done, "Other Content Content Finish Usage Done", "Complete" },
        { (Role + Text("a") + Stop + Done).Replace("\n", "\r\n", StringComparison.Ordinal), "Other Content Finish Done", "Complete" },
        { (Text("a") + Stop + Done).Replace("data: ", "data:", StringComparison.Ordinal), "Content Finish Done", "Complete" },
        { ": ping\n\n" + Text("a") + ": ping\n: pong\n\n\n" + Stop + Done, "Comment Content Comment Comment Finish Done", "Complete" },
        { Used + Text("a") + Stop + Done, "Usage Content Finish Done", "Complete" },
        { Text("a") + Stop + Done + Done, "Content Finish Done AfterDone", "Complete" },
        { Text("a") + Stop, "Content Finish", "CutAfterFinish" },
        { Text("a") + Stop + "data: [DONE]", "Content Finish", "CutAfterFinish" },
        { Text("a") + Stop + "data: [DONE]\n", "Content Finish", "CutAfterFinish" },
        { Text("a") + Done, "Content Done", "CutBeforeFinish" },
        { Text("a") + Text("b"), "Content Content", "CutBeforeFinish" },
        { Text("a") + "data: {\"choices\":[{\"ind", "Content", "CutBeforeFinish" },
        { "", "", "CutBeforeFinish" },
        { Text("a") + "data: {\"choices\":[{\"ind\n\n", "Content Broken", "Malformed" },
        { Text("a") + "data: <html>\n\n" + Stop + Done, "Content Broken", "Malformed" },
        { Text("a") + "data: 12\n\n", "Content Broken", "Malformed" },
        { Text("a") + "data: {\"choices\":[]} x\n\n", "Content Broken", "Malformed" },
        { Text("a") + "data: {\"choices\":\r[]}\n\n", "Content Broken", "Malformed" },
        { Text("a") + "data: {\"error\":{\"message\":\"x\",\"code\":500}}\n\n" + Done, "Content Error Done", "ErrorEvent" },
        { Text("a") + "data: {\"error\":null,\"choices\":[]}\n\n" + Stop + Done, "Content Other Finish Done", "Complete" },
        { Text("a") + "event: error\ndata: {\"message\":\"x\"}\n\n", "Content Error", "ErrorEvent" },
        { Text("a") + "event: error\ndata: broken\n\n", "Content Error", "ErrorEvent" },
        { "data: {\"object\":\"error\",\"message\":\"x\"}\n\n", "Error", "ErrorEvent" },
        { "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\ndata: \"finish_reason\":\"length\"}]}\n\n" + Done, "Finish Done", "Complete" },
        { "data\n\nid: 1\nretry: 5\n\nfoo\n\n" + Text("a") + Stop + Done, "Comment Comment Comment Content Finish Done", "Complete" },
        { Text("""say \"usage\":{\"prompt_tokens\":1} and \"finish_reason\":\"stop\" and \"error\":{}""") + Stop + Done, "Content Finish Done", "Complete" },
        { Text("""a\\""") + Text("""\\\"b""") + Text("""\u0041""") + Stop + Done, "Content Content Content Finish Done", "Complete" },
        { Text("a") + Text("""b\q""") + Stop, "Content Broken", "Malformed" },
        { Text("a") + Text("b\"},\"x\":{\"y\":\"") + Stop + Done, "Content Content Finish Done", "Complete" },
        { Text("a") + Text("b\"},\"finish_reason\":\"stop\",\"x\":{\"y\":\"") + Done, "Content Content Done", "CutBeforeFinish" },
        { Text("a") + Text("b\" \"") + Stop + Done, "Content Broken", "Malformed" },
        { "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"finish_reason\":\"\"}]}\n\n" + "data: {\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"eos\"}]}\n\n" + Done, "Content Finish Done", "Complete" },
        { "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}\n\n" + Stop + Done, "Content Finish Done", "Complete" },
        { "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":null}}]}\n\n" + Stop + Done, "Content Finish Done", "Complete" },
        { "data: {\"choices\":{},\"usage\":7}\n\n" + Stop + Done, "Other Finish Done", "Complete" },
        { Stop.Replace("\"index\":0", "\"index\":9", StringComparison.Ordinal) + Done, "Finish Done", "CutBeforeFinish" },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_is_what_it_is(string stream, string kinds, string end)
    {
        Seen whole = Scan(stream, []);
        Assert.Equal((kinds, end), (whole.Kinds, whole.End));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_is_the_same_however_it_is_split(string stream, string kinds, string end)
    {
        Seen whole = Scan(stream, []);
        Assert.Equal((kinds, end), (whole.Kinds, whole.End));
        int bytes = Encoding.UTF8.GetByteCount(stream);
        for (int at = 1; at < bytes; at++)
        {
            Assert.Equal(whole, Scan(stream, [at]));
        }

        Assert.Equal(whole, Scan(stream, [.. Enumerable.Range(1, Math.Max(0, bytes - 1))]));
    }

    [Fact]
    public void Random_streams_are_the_same_however_they_are_split()
    {
        string[] events =
        [
            Role, Text("a"), Text("b\\n"), Text("\\\"usage\\\""), Stop, Used, Done, ": ping\n\n", "data: {\"error\":\"x\"}\n\n", "data: x\n\n", "\r\n", "\n", "data:", " ",
            ": t 0 5 6\n" + Text("c"), Text("d").Replace("\n", "\r\n", StringComparison.Ordinal), Text("e").Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal),
        ];
        Gen<(string Stream, int[] Cuts)> cases =
            from parts in Gen.Elements(events).ListOf()
            from cuts in Gen.Choose(0, 2000).ListOf()
            select (string.Concat(parts), cuts.Distinct().Order().ToArray());
        Prop.ForAll(cases.ToArbitrary(), one => Scan(one.Stream, []) == Scan(one.Stream, [.. one.Cuts.Where(cut => cut < one.Stream.Length)]))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithEndSize(12));
    }

    [Fact]
    public void Usage_reasons_and_texts_are_counted()
    {
        SseScanner scanner = Feed(Role + Text("a") + Text("b") + Stop + Used + Done);
        Assert.Equal(new TokenUsage(9, 4, 2), scanner.Usage);
        Assert.Equal((2, 1, "stop", true), (scanner.ContentEvents, scanner.FinishedChoices, scanner.FinishReason, scanner.IsDone));
    }

    [Fact]
    public void Usage_in_every_chunk_ends_with_the_last()
    {
        SseScanner scanner = Feed(string.Concat(Enumerable.Range(1, 5).Select(count =>
            $$$"""data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":{"prompt_tokens":3,"completion_tokens":{{{count}}}}}""" + "\n\n")));
        Assert.Equal((new TokenUsage(3, 0, 5), 5), (scanner.Usage!.Value, scanner.ContentEvents));
    }

    [Fact]
    public void Each_choice_must_finish()
    {
        SseScanner scanner = new(choices: 70, maxEventBytes: 1 << 20);
        for (int choice = 0; choice < 70; choice++)
        {
            Assert.Equal(StreamEnd.CutBeforeFinish, scanner.End(0));
            byte[] stop = Encoding.UTF8.GetBytes(Stop.Replace("\"index\":0", $"\"index\":{choice}", StringComparison.Ordinal));
            Assert.True(scanner.TryRead(stop.AsSpan(), out SseEvent seen));
            Assert.Equal((SseEventKind.Finish, choice), (seen.Kind, seen.Choice));
            Assert.True(scanner.TryRead(stop.AsSpan(), out _));
        }

        Assert.Equal(StreamEnd.CutAfterFinish, scanner.End(0));
    }

    [Fact]
    public void A_stream_that_goes_on_is_whole_when_the_rest_of_its_choices_have_ended()
    {
        SseScanner scanner = new(4, 1 << 20);
        scanner.HasEnded(0);
        scanner.HasEnded(2);
        Assert.True(scanner.TryRead(Encoding.UTF8.GetBytes(Stop.Replace("\"index\":0", "\"index\":3", StringComparison.Ordinal)).AsSpan(), out _));
        Assert.Equal(StreamEnd.CutBeforeFinish, scanner.End(0));
        Assert.True(scanner.TryRead(Encoding.UTF8.GetBytes(Stop.Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal)).AsSpan(), out _));
        Assert.True(scanner.TryRead(Encoding.UTF8.GetBytes(Done).AsSpan(), out _));
        Assert.Equal(StreamEnd.Complete, scanner.End(0));
    }

    [Fact]
    public void A_workers_tokens_come_with_their_event_and_can_be_cut_out()
    {
        List<StreamToken> tokens = [];
        SseScanner scanner = new(2, 1 << 20, tokens);
        byte[] bytes = Encoding.UTF8.GetBytes(": ping\n: t 1 7 8 900\r\n: t 0 5\n" + Text("a").Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal));
        Assert.False(scanner.TryRead(bytes.AsSpan(0, 40), out _));
        Assert.Empty(tokens);
        Assert.True(scanner.TryRead(bytes.AsSpan(), out SseEvent seen));
        Assert.Equal([new(1, 7), new(1, 8), new(1, 900), new(0, 5)], tokens);
        Assert.Equal((SseEventKind.Content, 1), (seen.Kind, seen.Choice));
        Assert.Equal(": t 1 7 8 900\r\n: t 0 5\n", Encoding.UTF8.GetString(bytes.AsSpan(seen.CutStart, seen.CutLength)));
    }

    [Theory]
    [InlineData(": t x\n")]
    [InlineData(": t 0 -1\n")]
    [InlineData(": t 0 99999999999\n")]
    [InlineData(": t 0 1,2\n")]
    [InlineData(": t 0 1\n: ping\n: t 0 2\n")]
    public void Token_comments_that_make_no_sense_break_the_stream(string comments)
    {
        SseScanner scanner = new(1, 1 << 20, []);
        Assert.True(scanner.TryRead(Encoding.UTF8.GetBytes(comments + Text("a")).AsSpan(), out SseEvent seen));
        Assert.Equal((SseEventKind.Broken, StreamEnd.Malformed), (seen.Kind, scanner.End(0)));
    }

    [Fact]
    public void A_foreign_comment_is_no_token_comment()
    {
        Assert.True(new SseScanner(1, 1 << 20).TryRead(Encoding.UTF8.GetBytes(": t x\n" + Text("a")).AsSpan(), out SseEvent seen));
        Assert.Equal((SseEventKind.Content, 0), (seen.Kind, seen.CutLength));
    }

    [Theory]
    [InlineData("data: {\"a\":\"")]
    [InlineData(": ")]
    [InlineData("x")]
    public void An_endless_line_is_too_long(string start)
    {
        SseScanner scanner = new(1, 1000);
        byte[] line = Encoding.UTF8.GetBytes(start + new string('a', 2000));
        Assert.False(scanner.TryRead(line.AsSpan(0, 1000), out _));
        Assert.True(scanner.TryRead(line.AsSpan(0, 1001), out SseEvent seen));
        Assert.Equal((SseEventKind.Broken, StreamEnd.TooLong), (seen.Kind, scanner.End(0)));
    }

    [Fact]
    public void A_whole_event_can_be_too_long_as_well()
    {
        SseScanner scanner = new(1, 100);
        Assert.True(scanner.TryRead(Encoding.UTF8.GetBytes(Text(new string('a', 200))).AsSpan(), out _));
        Assert.Equal(StreamEnd.TooLong, scanner.End(0));
    }

    [Fact]
    public void Scanning_like_chunks_allocates_nothing()
    {
        SseScanner scanner = new(1, 1 << 20);
        byte[] bytes = Encoding.UTF8.GetBytes(Text("a") + Text("some text") + Text("\\n\\\"quoted\\\""));
        Feed(scanner, bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Feed(scanner, bytes);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string Text(string text) => $$"""data: {"id":"c","choices":[{"index":0,"delta":{"content":"{{text}}"},"finish_reason":null}]}""" + "\n\n";

    private static SseScanner Feed(string stream)
    {
        SseScanner scanner = new(1, 1 << 20);
        Feed(scanner, Encoding.UTF8.GetBytes(stream));
        return scanner;
    }

    private static void Feed(SseScanner scanner, ReadOnlySpan<byte> bytes)
    {
        while (scanner.TryRead(bytes, out SseEvent seen))
        {
            bytes = bytes[seen.Length..];
        }
    }

    /// <summary>Scans a stream whose bytes come in parts, as a sequence of many segments.</summary>
    private static Seen Scan(string stream, int[] cuts)
    {
        List<StreamToken> tokens = [];
        SseScanner scanner = new(1, 1 << 20, tokens);
        byte[] bytes = Encoding.UTF8.GetBytes(stream);
        List<SseEvent> events = [];
        int taken = 0;
        foreach (int cut in cuts.Append(bytes.Length))
        {
            // What is broken or done takes whatever is left, so that only its first event tells anything.
            ReadOnlySequence<byte> buffer = Sequence(bytes[taken..cut]);
            while (events.LastOrDefault().Kind is not (SseEventKind.Broken or SseEventKind.AfterDone) && scanner.TryRead(ref buffer, out SseEvent seen))
            {
                events.Add(seen.Kind is SseEventKind.Broken or SseEventKind.AfterDone ? seen with { Length = 0 } : seen);
                taken = cut - (int)buffer.Length;
            }
        }

        return new Seen(
            string.Join(' ', events.Select(seen => seen.Kind)),
            scanner.End(bytes.Length - taken).ToString(),
            string.Join(' ', events),
            string.Join(' ', tokens),
            $"{scanner.Usage} {scanner.ContentEvents} {scanner.FinishReason}");
    }

    private static ReadOnlySequence<byte> Sequence(byte[] bytes)
    {
        if (bytes.Length < 2)
        {
            return new ReadOnlySequence<byte>(bytes);
        }

        Segment first = new(bytes.AsMemory(0, bytes.Length / 2), null);
        Segment last = new(bytes.AsMemory(bytes.Length / 2), first);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed record Seen(string Kinds, string End, string Events, string Tokens, string Totals);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.Memory.Length;
            }
        }
    }
}

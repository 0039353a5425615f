using System.Buffers;
using System.IO.Pipelines;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Hostile;

/// <summary>
/// Engines that break, lie, dawdle and flood. Each fault is seen to have happened, is told by its name, is never a normal end, and holds no memory.
/// </summary>
public sealed class HostileUpstreamTests
{
    internal const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    private const string Token = """data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}""" + "\n\n";
    private const string Stop = """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";
    private const string LastChunk = "0\r\n\r\n";

    /// <summary>What is sent before the connection is reset, and what the stream is then.</summary>
    public static TheoryData<string, string, string> Resets => new()
    {
        { "before the head", "", "Reset" },
        { "within the head", "HTTP/1.1 200 OK\r\nContent-Ty", "Reset" },
        { "after the head", Head, "Reset CutBeforeFinish 0" },
        { "after the third token", Head + Chunk(Token) + Chunk(Token) + Chunk(Token), "Reset CutBeforeFinish 3" },
        { "within a chunk", Head + Chunk(Token) + "40\r\ndata: {", "Reset CutBeforeFinish 1" },
        { "after the last token, before [DONE]", Head + Chunk(Token) + Chunk(Stop), "Reset CutAfterFinish 1" },
        { "after [DONE], before the last chunk", Head + Chunk(Token) + Chunk(Stop) + Chunk(Done), "Reset Complete 1" },
    };

    /// <summary>Whole answers that are wrong, and what they are told to be.</summary>
    public static TheoryData<string, string, string> Answers => new()
    {
        { "length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Malformed" },
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "Malformed" },
        { "two lengths in one field", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", "Malformed" },
        { "signed length", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "Malformed" },
        { "huge length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello", "Malformed" },
        { "other coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "Malformed" },
        { "coding twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Malformed" },
        { "compressed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "Malformed" },
        { "space before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}", "Malformed" },
        { "leading space in a name", "HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\n{}", "Malformed" },
        { "folded field", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", "Malformed" },
        { "bare line feed", "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 2\r\n\r\n{}", "Malformed" },
        { "bare carriage return", "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\n{}", "Malformed" },
        { "null in a field", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}", "Malformed" },
        { "other version", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "Malformed" },
        { "no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "Malformed" },
        { "switched protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "Malformed" },
        { "endless interim answers", string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 50)), "Malformed" },
        { "huge head", "HTTP/1.1 200 OK\r\nX: " + new string('a', 100_000) + "\r\n\r\n", "TooLong" },
        { "many fields", "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X: a\r\n", 20_000)) + "\r\n", "TooLong" },
        { "chunk size of letters", Head + "xyz\r\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 0" },
        { "negative chunk size", Head + "-5\r\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 0" },
        { "huge chunk size", Head + "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 0" },
        { "endless chunk size", Head + new string('0', 5000), "Malformed CutBeforeFinish 0" },
        { "endless chunk extension", Head + "5;" + new string('a', 5000), "Malformed CutBeforeFinish 0" },
        { "line feed in a chunk extension", Head + "5;\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 0" },
        { "carriage return in a chunk extension", Head + "5;a\rb\r\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 0" },
        { "line feed after a size", Head + "5\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 0" },
        { "chunk longer than its size", Head + Chunk(Token) + "2\r\nhello\r\n0\r\n\r\n", "Malformed CutBeforeFinish 1" },
        { "endless trailers", Head + "0\r\n" + string.Concat(Enumerable.Repeat("X: a\r\n", 5000)), "Malformed CutBeforeFinish 0" },
        { "HTML", Head + Chunk("<html><body>It works!</body></html>\n\n") + LastChunk, "None CutBeforeFinish 0" },
        { "HTML as data", Head + Chunk("data: <html>\n\n") + LastChunk, "None Malformed 0" },
        { "truncated JSON", Head + Chunk(Token) + Chunk("data: {\"choices\":[{\"index\":0,\n\n") + LastChunk, "None Malformed 1" },
        { "an error inside a 200", Head + Chunk(Token) + Chunk("data: {\"error\":{\"message\":\"out of memory\"}}\n\n") + LastChunk, "None ErrorEvent 1" },
        { "no [DONE]", Head + Chunk(Token) + Chunk(Stop) + LastChunk, "None CutAfterFinish 1" },
        { "[DONE] and no reason", Head + Chunk(Token) + Chunk(Done) + LastChunk, "None CutBeforeFinish 1" },
        { "two [DONE]", Head + Chunk(Token) + Chunk(Stop) + Chunk(Done) + Chunk(Done) + LastChunk, "None Complete 1" },
        { "usage first", Head + Chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n") + Chunk(Token) + Chunk(Stop) + Chunk(Done) + LastChunk, "None Complete 1" },
        { "nothing", Head + LastChunk, "None CutBeforeFinish 0" },
    };

    [Theory]
    [MemberData(nameof(Resets))]
    public async Task A_reset_is_seen_wherever_it_comes(string where, string sent, string seen)
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(sent);
            await connection.PeerHasReadAsync();
            connection.Reset();
        });
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal((where, seen), (where, await StreamAsync(upstream)));
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("reset"));
        Assert.Equal(0, upstream.OpenConnections);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_wrong_answer_is_named(string what, string answer, string seen)
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(answer);
            connection.Note("sent");
            await connection.UntilClosedAsync();
        });
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal((what, seen), (what, await StreamAsync(upstream)));
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("sent") || server.Done.Contains("peer gone"));
    }

    [Theory]
    [InlineData("", "FirstByteTimeout")]
    [InlineData("HTTP/1.1 200 OK\r\nConte", "FirstByteTimeout")]
    [InlineData(Head, "FirstByteTimeout CutBeforeFinish 0")]
    [InlineData(Head + "5", "FirstByteTimeout CutBeforeFinish 0")]
    [InlineData(Head + "5\r\nhello", "IdleTimeout CutBeforeFinish 0")]
    public async Task A_half_open_peer_is_given_up(string sent, string seen)
    {
        ManualTime time = new();
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(sent);
            await connection.PeerHasReadAsync();
            connection.Note("silent");
            await connection.UntilClosedAsync();
        });
        UpstreamSettings settings = server.Settings() with { FirstByteTimeout = TimeSpan.FromSeconds(30), IdleTimeout = TimeSpan.FromSeconds(5), ConnectTimeout = TimeSpan.FromHours(1) };
        await using HttpUpstream upstream = new(0, settings, new HttpUpstreamOptions { Time = time });
        int waits = 0;
        Task<string> streaming = StreamAsync(upstream, waits: () => Interlocked.Increment(ref waits));
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("silent"));

        // What was read from the socket is not yet what was seen: only the wait for what follows the first bytes has the shorter limit.
        await HttpUpstreams.UntilAsync(() => seen.StartsWith("First", StringComparison.Ordinal) || Volatile.Read(ref waits) > 0);
        await HttpUpstreams.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return streaming.IsCompleted;
        });
        Assert.Equal(seen, await streaming);
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("peer closed"));
        Assert.Equal(0, upstream.OpenConnections);
    }

    [Fact]
    public async Task A_slow_drip_is_no_silence()
    {
        ManualTime time = new();
        string answer = Head + Chunk(Token) + Chunk(Stop) + Chunk(Done) + LastChunk;
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            foreach (char next in answer)
            {
                await connection.SendAsync(next.ToString());
                await connection.PeerHasReadAsync();
                time.Advance(TimeSpan.FromSeconds(0.1));
            }

            connection.Note("dripped");
        });
        UpstreamSettings settings = server.Settings() with { FirstByteTimeout = TimeSpan.FromHours(1), IdleTimeout = TimeSpan.FromSeconds(5), ConnectTimeout = TimeSpan.FromHours(1) };
        await using HttpUpstream upstream = new(0, settings, new HttpUpstreamOptions { Time = time });
        Assert.Equal("None Complete 1", await StreamAsync(upstream));
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("dripped"));
    }

    [Fact]
    public async Task An_answer_that_nobody_takes_is_bounded()
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
            string part = new('a', 64 * 1024);
            while (true)
            {
                await connection.SendAsync(part);
            }
        });
        await using HttpUpstream upstream = server.Connect(options: new HttpUpstreamOptions { Time = TimeProvider.System, MaxBufferedBytes = 1 << 20 });
        UpstreamException error = await Assert.ThrowsAsync<UpstreamException>(() => HttpUpstreams.AskAsync(upstream));
        Assert.Equal(UpstreamFailureKind.TooLong, error.Failure.Kind);
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("peer gone"));
    }

    [Fact]
    public async Task A_reused_connection_that_dies_with_the_request_is_not_tried_twice()
    {
        int asked = 0;
        await using ScriptedUpstream server = new(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                if (++asked == 2)
                {
                    connection.Reset();
                    return;
                }

                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            }
        });
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal("{}", await HttpUpstreams.AskAsync(upstream));
        UpstreamException error = await Assert.ThrowsAsync<UpstreamException>(() => HttpUpstreams.AskAsync(upstream));

        // The engine had the whole request, so it may have died of it: whoever counts deaths must hear of this one.
        Assert.Equal((UpstreamFailureKind.Reset, true), (error.Failure.Kind, error.Failure.MayHaveRun));
        Assert.Equal((1, 2), (server.Accepted, asked));
    }

    internal static string Chunk(string data) => $"{data.Length:x}\r\n{data}\r\n";

    /// <summary>Reads a stream to its end: the failure of the connection, how the stream ended, and the events with text.</summary>
    /// <param name="waits">Called when there were bytes and more are waited for.</param>
    internal static async Task<string> StreamAsync(HttpUpstream upstream, int maxEventBytes = 1 << 20, Action? waits = null)
    {
        SseScanner scanner = new(1, maxEventBytes);
        string failure = "None";
        long rest = 0;
        try
        {
            await using UpstreamAnswer answer = await upstream.SendAsync(HttpUpstreams.Request(), CancellationToken.None);
            try
            {
                rest = await ScanAsync(answer, scanner, waits);
            }
            catch (UpstreamException error)
            {
                failure = error.Failure.Kind.ToString();
            }
        }
        catch (UpstreamException error)
        {
            return error.Failure.Kind.ToString();
        }

        return $"{failure} {scanner.End(rest)} {scanner.ContentEvents}";
    }

    private static async Task<long> ScanAsync(UpstreamAnswer answer, SseScanner scanner, Action? waits)
    {
        bool any = false;
        while (true)
        {
            ValueTask<ReadResult> reading = answer.Body.ReadAsync();
            if (any && !reading.IsCompleted)
            {
                waits?.Invoke();
            }

            ReadResult read = await reading;
            any |= !read.Buffer.IsEmpty;
            ReadOnlySequence<byte> buffer = read.Buffer;
            while (scanner.TryRead(ref buffer, out SseEvent seen))
            {
                if (seen.Kind is SseEventKind.Broken or SseEventKind.Error)
                {
                    return 0;
                }
            }

            if (read.IsCompleted)
            {
                return buffer.Length;
            }

            answer.Body.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}

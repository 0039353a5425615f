using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Upstreams;
using Tiercel.Testing;
using static Tiercel.Gateway.Tests.HttpUpstreams;

namespace Tiercel.Gateway.Tests.Upstreams;

public sealed class HttpUpstreamTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\nX-Thing:  a b \r\n\r\n{}";

    [Fact]
    public async Task A_request_arrives_as_it_was_sent()
    {
        await using ScriptedUpstream server = ScriptedUpstream.Answering(Ok);
        await using HttpUpstream upstream = server.Connect(settings => settings with
        {
            Url = new Uri($"http://127.0.0.1:{server.Port}/base/"),
            Key = new Secret("env:KEY", "s3cret"),
        });
        UpstreamRequest request = new()
        {
            Path = "/v1/x",
            Headers = [new UpstreamHeader("x-tiercel-id", "7")],
            Body = ["{\"a\":"u8.ToArray(), "1"u8.ToArray(), "}"u8.ToArray()],
        };
        await using UpstreamAnswer answer = await upstream.SendAsync(request, CancellationToken.None);
        Assert.Equal((200, "application/json", "{}"), (answer.Status, answer.ContentType, await ReadAsync(answer)));
        Assert.True(answer.TryGetHeader("x-thing", out string? thing));
        Assert.Equal("a b", thing);
        Assert.Equal(
            $"POST /base/v1/x HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\nAccept-Encoding: identity\r\nAuthorization: Bearer s3cret\r\nx-tiercel-id: 7\r\n"
            + "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            Assert.Single(server.Requests));
    }

    [Fact]
    public async Task Large_bodies_arrive_whole_both_ways()
    {
        string large = new('x', 1_000_000);
        await using ScriptedUpstream server = ScriptedUpstream.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {large.Length}\r\n\r\n{large}");
        await using HttpUpstream upstream = server.Connect();
        byte[] body = Encoding.ASCII.GetBytes(large);
        for (int i = 0; i < 3; i++)
        {
            UpstreamRequest request = new() { Path = "/", Body = [body.AsMemory(0, 20), body.AsMemory(20, 500_000), body.AsMemory(500_020)] };
            await using UpstreamAnswer answer = await upstream.SendAsync(request, CancellationToken.None);
            Assert.Equal(large, await ReadAsync(answer));
        }

        Assert.All(server.Requests, request => Assert.EndsWith("\r\n\r\n" + large, request, StringComparison.Ordinal));
        Assert.Equal(1, server.Accepted);
    }

    [Theory]
    [InlineData("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world")]
    [InlineData("00005;name=\"v\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", "hello")]
    [InlineData("0\r\n\r\n", "")]
    public async Task Chunks_are_put_together_wherever_the_packets_are_cut(string chunks, string body)
    {
        for (int cut = 0; cut <= chunks.Length; cut++)
        {
            await using ScriptedUpstream server = new(async connection =>
            {
                while (await connection.ReadRequestAsync() is not null)
                {
                    await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks[..cut]);
                    await Task.Yield();
                    await connection.SendAsync(chunks[cut..]);
                }
            });
            await using HttpUpstream upstream = server.Connect();
            Assert.Equal(body, await AskAsync(upstream));
            Assert.Equal(body, await AskAsync(upstream));
            Assert.Equal(1, server.Accepted);
        }
    }

    [Fact]
    public async Task A_body_without_length_ends_with_its_connection()
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\n\r\nhello");
        });
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal("hello", await AskAsync(upstream));
        Assert.Equal(0, upstream.OpenConnections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")]
    public async Task A_connection_is_not_used_again_when_that_is_not_certain_to_be_right(string answer)
    {
        await using ScriptedUpstream server = ScriptedUpstream.Answering(answer);
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal("{}", await AskAsync(upstream));
        Assert.Equal("{}", await AskAsync(upstream));
        Assert.Equal(2, server.Accepted);
    }

    [Fact]
    public async Task Bytes_that_come_while_a_connection_is_idle_are_nobodys_answer()
    {
        TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(Ok);
            await idle.Task;
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
            await connection.PeerHasItAsync();
            connection.Note("unasked");
            await connection.UntilClosedAsync();
        });
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal("{}", await AskAsync(upstream));
        idle.TrySetResult();
        await UntilAsync(() => server.Done.Contains("unasked"));
        Assert.Equal("{}", await AskAsync(upstream));
        Assert.Equal(2, server.Accepted);
    }

    [Fact]
    public async Task A_connection_that_the_peer_closed_while_it_was_idle_is_replaced_silently()
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(Ok);
        });
        await using HttpUpstream upstream = server.Connect();
        for (int i = 1; i <= 5; i++)
        {
            Assert.Equal("{}", await AskAsync(upstream));
            await UntilAsync(() => server.Done.Count == i);
        }

        Assert.Equal(5, server.Accepted);
    }

    [Fact]
    public async Task Interim_answers_are_skipped()
    {
        await using ScriptedUpstream server = ScriptedUpstream.Answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Ok);
        await using HttpUpstream upstream = server.Connect();
        Assert.Equal("{}", await AskAsync(upstream));
    }

    [Fact]
    public async Task Cancelling_closes_the_connection_before_the_head()
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            connection.Note("asked");
            await connection.UntilClosedAsync();
        });
        await using HttpUpstream upstream = server.Connect();
        using CancellationTokenSource cancel = new();
        Task<UpstreamAnswer> sending = upstream.SendAsync(Request(), cancel.Token).AsTask();
        await UntilAsync(() => server.Done.Contains("asked"));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await UntilAsync(() => server.Done.Contains("peer closed"));
        Assert.Equal(0, upstream.OpenConnections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelling_or_disposing_closes_the_connection_in_mid_body(bool cancels)
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}");
            await connection.UntilClosedAsync();
        });
        await using HttpUpstream upstream = server.Connect();
        using CancellationTokenSource cancel = new();
        UpstreamAnswer answer = await upstream.SendAsync(Request(), cancel.Token);
        ReadResult read = await answer.Body.ReadAsync(cancel.Token);
        answer.Body.AdvanceTo(read.Buffer.End);
        if (cancels)
        {
            ValueTask<ReadResult> next = answer.Body.ReadAsync(cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        }

        await answer.DisposeAsync();
        await UntilAsync(() => server.Done.Contains("peer closed"));
        Assert.Equal(0, upstream.OpenConnections);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await answer.Body.ReadAsync());
    }

    [Fact]
    public async Task A_pending_read_can_be_stopped_and_the_bytes_come_with_the_next()
    {
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
            await go.Task;
            await connection.SendAsync("cd");
            await connection.UntilClosedAsync();
        });
        await using HttpUpstream upstream = server.Connect();
        await using UpstreamAnswer answer = await upstream.SendAsync(Request(), CancellationToken.None);
        ReadResult first = await answer.Body.ReadAsync();
        answer.Body.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        for (int i = 0; i < 3; i++)
        {
            ValueTask<ReadResult> pending = answer.Body.ReadAsync();
            answer.Body.CancelPendingRead();
            ReadResult stopped = await pending;
            Assert.True(stopped.IsCanceled);
            Assert.Equal("ab", Text(stopped.Buffer));
            answer.Body.AdvanceTo(stopped.Buffer.Start, stopped.Buffer.End);
        }

        go.TrySetResult();
        Assert.Equal("abcd", await ReadAsync(answer));
    }

    [Fact]
    public async Task What_is_left_after_the_owner_has_all_it_wants_is_waited_for()
    {
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream server = new(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
                await go.Task;
                await connection.SendAsync("0\r\n\r\n");
            }
        });

        // It waits for a second, which passes on this clock only.
        await using HttpUpstream upstream = server.Connect(options: new HttpUpstreamOptions { Time = new ManualTime() });
        UpstreamAnswer answer = await upstream.SendAsync(Request(), CancellationToken.None);
        ReadResult read = await answer.Body.ReadAsync();
        Assert.Equal("{}", Text(read.Buffer));
        answer.Body.AdvanceTo(read.Buffer.End);
        answer.ExpectEnd();
        await answer.DisposeAsync();
        go.TrySetResult();
        await UntilAsync(() => upstream.IdleConnections == 1);
        Assert.Equal("{}", await AskAsync(upstream));
        Assert.Equal(1, server.Accepted);
    }

    [Fact]
    public async Task Connections_have_a_limit()
    {
        await using ScriptedUpstream server = new(connection => connection.UntilClosedAsync());
        await using HttpUpstream upstream = server.Connect(settings => settings with { MaxConcurrency = 1 });
        using CancellationTokenSource cancel = new();
        Task[] waiting = [.. Enumerable.Range(0, 20).Select(_ => upstream.SendAsync(Request(), cancel.Token).AsTask())];
        await UntilAsync(() => waiting.Count(task => task.IsFaulted) == 11);
        Assert.All(waiting.Where(task => task.IsFaulted), task =>
            Assert.Equal(UpstreamFailureKind.Saturated, ((UpstreamException)task.Exception!.InnerException!).Failure.Kind));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => Task.WhenAll(waiting));
    }

    [Fact]
    public async Task Idle_connections_are_closed_after_a_while()
    {
        ManualTime time = new();
        await using ScriptedUpstream server = ScriptedUpstream.Answering(Ok);
        await using HttpUpstream upstream = server.Connect(options: new HttpUpstreamOptions { Time = time });
        Assert.Equal("{}", await AskAsync(upstream));
        time.Advance(TimeSpan.FromSeconds(3.8));
        Assert.Equal(1, upstream.OpenConnections);
        time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal(0, upstream.OpenConnections);
        Assert.Equal("{}", await AskAsync(upstream));
    }

    [Theory]
    [InlineData("a\r\nX: y")]
    [InlineData("a\0")]
    public async Task A_header_that_would_end_its_line_is_never_sent(string value)
    {
        await using ScriptedUpstream server = ScriptedUpstream.Answering(Ok);
        await using HttpUpstream upstream = server.Connect();
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await upstream.SendAsync(new UpstreamRequest { Path = "/", Headers = [new UpstreamHeader("X", value)] }, CancellationToken.None));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Nobody_listening_is_a_refused_connection()
    {
        UpstreamSettings settings = new() { Name = "x", Kind = UpstreamKind.OpenAI, Url = new Uri($"http://{LoopbackAddress.Nobodys()}"), ConnectTimeout = TestGateway.Watchdog };
        await using HttpUpstream upstream = new(0, settings, new HttpUpstreamOptions { Time = TimeProvider.System });
        UpstreamException error = await Assert.ThrowsAsync<UpstreamException>(async () => await upstream.SendAsync(Request(), CancellationToken.None));
        Assert.Equal((UpstreamFailureKind.ConnectRefused, false), (error.Failure.Kind, error.Failure.MayHaveRun));
    }

    [Fact]
    public async Task An_answer_before_the_whole_request_is_taken()
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadSomeAsync();
            await connection.SendAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            connection.Reset();
        });
        await using HttpUpstream upstream = server.Connect();
        try
        {
            await using UpstreamAnswer answer = await upstream.SendAsync(new UpstreamRequest { Path = "/", Body = [new byte[8 << 20]] }, CancellationToken.None);
            Assert.Equal(413, answer.Status);
        }
        catch (UpstreamException error)
        {
            // The kernel may throw the answer away with the reset; what must not happen is a claim that the request ran.
            Assert.Equal((UpstreamFailureKind.Reset, false), (error.Failure.Kind, error.Failure.MayHaveRun));
        }
    }

    private static string Text(in ReadOnlySequence<byte> bytes) => Encoding.Latin1.GetString(bytes);
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>Clients that read nothing, or a byte at a time, from an engine that could go on for ever: what is held for them is bounded, they are dropped, and others are served meanwhile.</summary>
public sealed class SlowReaderTests
{
    private const long MostBytes = 64L << 20;
    private const string Ask = """{"model":"m","stream":true,"messages":[{"role":"user","content":"endless"}]}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_hardly_reads_is_dropped_and_holds_no_more_than_buffers(bool readsABit)
    {
        long sent = 0;
        TaskCompletionSource cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, request) =>
        {
            if (!request.Contains("endless", StringComparison.Ordinal))
            {
                await connection.SendAsync(ScriptedAnswers.WholeJson);
                return;
            }

            string chunk = ScriptedAnswers.Chunked(ScriptedAnswers.Chunk(new string('x', 8192)));
            try
            {
                await connection.SendAsync(ScriptedAnswers.StreamHead);
                while (Interlocked.Add(ref sent, chunk.Length) < MostBytes)
                {
                    await connection.SendAsync(chunk);
                }
            }
            finally
            {
                cut.TrySetResult();
            }
        });
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with { Limits = new BodyLimits { SlowReader = TimeSpan.FromSeconds(1) } });
        using Socket client = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, new Uri(fleet.Server.Urls[0]).Port);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Ask.Length}\r\n\r\n{Ask}"));
        byte[] one = new byte[1];
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!cut.Task.IsCompleted)
        {
            if (readsABit)
            {
                try
                {
                    await client.ReceiveAsync(one, watchdog.Token);
                }
                catch (SocketException)
                {
                    // It was dropped.
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, watchdog.Token);
        }

        // The engine could not have sent what nobody took: it was held back, and then let go.
        Assert.InRange(Interlocked.Read(ref sent), 1, MostBytes - 1);
        await fleet.UntilIdleAsync();
        (int status, _) = await fleet.PostTextAsync("""{"model":"m","messages":[{"role":"user","content":"short"}]}""");
        Assert.Equal(200, status);
    }

    [Fact]
    public async Task A_client_that_does_not_take_an_answer_that_is_whole_is_dropped_and_holds_no_place()
    {
        string large = ScriptedAnswers.Json($$$"""{"choices":[{"index":0,"message":{"role":"assistant","content":"{{{new string('x', 32 << 20)}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""");
        await using ScriptedUpstream engine = ScriptedAnswers.Engine((connection, _) => connection.SendAsync(large));
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with { Limits = new BodyLimits { SlowReader = TimeSpan.FromSeconds(1) } });
        using Socket client = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, new Uri(fleet.Server.Urls[0]).Port);
        string ask = Ask.Replace("true", "false", StringComparison.Ordinal);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-request-id: slow\r\nContent-Type: application/json\r\nContent-Length: {ask.Length}\r\n\r\n{ask}"));
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!engine.Requests.Any(request => request.StartsWith("POST", StringComparison.Ordinal)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }

        Assert.Equal("cancelled", (await fleet.ExplainAsync("slow")).GetProperty("outcome").GetString());
        Assert.All(fleet.Server.Services.State.Replicas.Values, replica => Assert.Empty(replica.Running));
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Streaming;

public sealed class StreamingTests
{
    private const string Ask = """{"prompt":"a","max_tokens":1000000,"stream":true}""";

    private readonly TaskCompletionSource<FakeStream> _submitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FakeEngine _engine = new();

    public StreamingTests()
    {
        _engine.OnSubmit = request =>
        {
            FakeStream stream = new(request);
            _submitted.TrySetResult(stream);
            return new Submission(stream, null);
        };
    }

    [Fact]
    public async Task The_head_waits_for_the_first_token_so_that_a_failure_before_it_is_an_http_error()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<HttpResponseMessage> answering = gateway.PostAsync("/v1/completions", Ask, HttpCompletionOption.ResponseHeadersRead);
        FakeStream stream = await SubmittedAsync();
        Assert.False(answering.IsCompleted);
        stream.Finish(FinishReason.Error, error: new EngineError(EngineErrorKind.Internal, "broken early"));
        using HttpResponseMessage response = await answering;
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("broken early", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_hold_the_head_goes_out_and_pings_follow_until_there_is_text()
    {
        ManualTime time = new();
        await using TestGateway gateway = await TestGateway.StartAsync(_engine, time: time);
        Task<HttpResponseMessage> answering = gateway.PostAsync("/v1/completions", Ask, HttpCompletionOption.ResponseHeadersRead);
        FakeStream stream = await SubmittedAsync();
        await PassAsync(time, TimeSpan.FromSeconds(9.9));
        Assert.False(answering.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        using HttpResponseMessage response = await answering.WaitAsync(TestGateway.Watchdog);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        Assert.Equal(": ping", await ReadLineAsync(reader));
        Assert.Equal("", await ReadLineAsync(reader));
        await PassAsync(time, TimeSpan.FromSeconds(10));
        Assert.Equal(": ping", await ReadLineAsync(reader));
        Assert.Equal("", await ReadLineAsync(reader));
        stream.SendText("x");
        stream.Finish();
        string rest = await reader.ReadToEndAsync().WaitAsync(TestGateway.Watchdog);
        Assert.StartsWith("data: {", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("ping", rest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FinishReason.Error, "internal_error")]
    [InlineData(FinishReason.Cancelled, "interrupted")]
    public async Task A_failure_in_mid_stream_is_an_error_event_and_never_a_normal_end(FinishReason finish, string code)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<HttpResponseMessage> answering = gateway.PostAsync("/v1/completions", Ask);
        FakeStream stream = await SubmittedAsync();
        stream.SendText("x");
        stream.Finish(finish, error: finish == FinishReason.Error ? new EngineError(EngineErrorKind.Internal, "broken late") : null);
        await AssertBrokenAsync(await answering, code);
        await stream.Cancelled.WaitAsync(TestGateway.Watchdog);
    }

    [Fact]
    public async Task A_fault_of_the_engine_in_mid_stream_is_an_error_event()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<HttpResponseMessage> answering = gateway.PostAsync("/v1/completions", Ask, HttpCompletionOption.ResponseHeadersRead);
        FakeStream stream = await SubmittedAsync();
        stream.SendText("x");
        using HttpResponseMessage response = await answering;
        stream.Break(new InvalidDataException("secret"));
        await AssertBrokenAsync(response, "internal_error");
    }

    [Fact]
    public async Task An_engine_that_ends_without_finishing_every_choice_has_failed()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<HttpResponseMessage> answering = gateway.PostAsync("/v1/completions", """{"prompt":"a","n":2}""");
        FakeStream stream = await SubmittedAsync();
        stream.SendText("x");
        stream.Finish(choice: 0);
        stream.Break(null!);
        using HttpResponseMessage response = await answering;
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_goes_away_cancels_its_request_in_the_engine(bool streams)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Port);
        string body = streams ? Ask : """{"prompt":"a"}""";
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        FakeStream stream = await SubmittedAsync();
        stream.SendText("x");
        Assert.False(stream.Cancelled.IsCompleted);
        socket.Close();
        await stream.Cancelled.WaitAsync(TestGateway.Watchdog);
        await gateway.UntilIdleAsync();
    }

    [Fact]
    public async Task A_client_that_reads_nothing_holds_a_bounded_number_of_bytes()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Ask.Length}\r\n\r\n{Ask}"));
        FakeStream stream = await SubmittedAsync();
        string text = new('x', 10_000);
        int sent = 0;
        // 100 MB would go out to a client that reads; to this one the gateway stops taking events when the buffers on the way are full.
        while (sent < 10_000 && stream.Events.Count < 100)
        {
            stream.SendText(text);
            sent++;
            await Task.Yield();
        }

        Assert.True(sent - stream.Events.Count < 3000, $"the gateway took {sent - stream.Events.Count} events of 10 kB for a client that reads nothing");
        socket.Close();
        await stream.Cancelled.WaitAsync(TestGateway.Watchdog);
    }

    [Fact]
    public async Task A_client_that_goes_on_reading_nothing_is_dropped()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine, new GatewayOptions { SlowReaderGrace = TimeSpan.FromSeconds(1.5) });
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Ask.Length}\r\n\r\n{Ask}"));
        FakeStream stream = await SubmittedAsync();
        string text = new('x', 100_000);
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!stream.Cancelled.IsCompleted)
        {
            if (stream.Events.Count < 10)
            {
                stream.SendText(text);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, watchdog.Token);
        }

        await gateway.UntilIdleAsync();
    }

    [Fact]
    public async Task Text_of_the_model_cannot_forge_events()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<List<string>> streaming = gateway.PostStreamAsync("/v1/completions", Ask);
        FakeStream stream = await SubmittedAsync();
        const string Forged = "\n\ndata: [DONE]\n\nevent: error\r\ndata: {}\u2028\r\r";
        stream.SendText(Forged);
        stream.Finish();
        List<string> events = await streaming;
        Assert.Equal(3, events.Count);
        Assert.Equal(Forged, JsonElement.Parse(events[0]).GetProperty("choices")[0].GetProperty("text").GetString());
    }

    private static Task<string?> ReadLineAsync(StreamReader reader) => reader.ReadLineAsync().WaitAsync(TestGateway.Watchdog);

    /// <summary>Lets time pass once the server waits on it.</summary>
    private static async Task PassAsync(ManualTime time, TimeSpan by)
    {
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (time.Pending == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }

        time.Advance(by);
    }

    private static async Task AssertBrokenAsync(HttpResponseMessage response, string code)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        string text = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        string[] events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events[..^1], line => Assert.Contains("\"finish_reason\":null", line, StringComparison.Ordinal));
        JsonElement error = JsonElement.Parse(events[^1]["data: ".Length..]).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        response.Dispose();
    }

    private Task<FakeStream> SubmittedAsync() => _submitted.Task.WaitAsync(TestGateway.Watchdog);
}

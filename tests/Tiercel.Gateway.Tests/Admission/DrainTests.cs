using System.Net;
using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class DrainTests
{
    private readonly TaskCompletionSource<FakeStream> _submitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FakeEngine _engine = new();

    public DrainTests()
    {
        _engine.OnSubmit = request =>
        {
            FakeStream stream = new(request);
            // As the real engine does: a cancelled choice ends with an event.
            _ = stream.Cancelled.ContinueWith(_ => stream.Finish(FinishReason.Cancelled), TaskScheduler.Default);
            _submitted.TrySetResult(stream);
            return new Submission(stream, null);
        };
    }

    [Fact]
    public async Task A_drain_refuses_the_new_and_waits_for_the_running()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<(int Status, JsonElement Body)> running = gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        FakeStream stream = await _submitted.Task.WaitAsync(TestGateway.Watchdog);
        Task<bool> drain = gateway.Server.DrainAsync(TestGateway.Watchdog, CancellationToken.None);

        using HttpResponseMessage refused = await gateway.PostAsync("/v1/completions", """{"prompt":"b"}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("5", refused.Headers.GetValues("Retry-After").Single());
        using HttpResponseMessage health = await gateway.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal("""{"status":"draining"}""", await health.Content.ReadAsStringAsync());

        Assert.False(drain.IsCompleted);
        Assert.Equal(1, gateway.Server.ActiveRequests);
        stream.SendText("whole");
        stream.Finish();
        (int status, JsonElement body) = await running;
        Assert.Equal(200, status);
        Assert.Equal("whole", body.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.True(await drain.WaitAsync(TestGateway.Watchdog));
    }

    [Fact]
    public async Task What_outlasts_the_grace_is_interrupted_and_says_so()
    {
        ManualTime time = new();
        await using TestGateway gateway = await TestGateway.StartAsync(_engine, time: time);
        Task<(int Status, JsonElement Body)> running = gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        await _submitted.Task.WaitAsync(TestGateway.Watchdog);
        Task<bool> drain = gateway.Server.DrainAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(await drain.WaitAsync(TestGateway.Watchdog));
        (int status, JsonElement body) = await running;
        Assert.Equal(503, status);
        Assert.Equal("interrupted", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task More_requests_than_the_house_holds_are_asked_to_come_later()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine, new GatewayOptions { MaxConcurrentRequests = 1 });
        Task<(int Status, JsonElement Body)> running = gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        FakeStream stream = await _submitted.Task.WaitAsync(TestGateway.Watchdog);
        using HttpResponseMessage refused = await gateway.PostAsync("/v1/completions", """{"prompt":"b"}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        stream.Finish();
        (int status, _) = await running;
        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Disposal_interrupts_what_runs()
    {
        TestGateway gateway = await TestGateway.StartAsync(_engine);
        Task<(int Status, JsonElement Body)> running = gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        FakeStream stream = await _submitted.Task.WaitAsync(TestGateway.Watchdog);
        await gateway.Server.DisposeAsync().AsTask().WaitAsync(TestGateway.Watchdog);
        await stream.Cancelled.WaitAsync(TestGateway.Watchdog);
        (int status, _) = await running;
        Assert.Equal(503, status);
        gateway.Client.Dispose();
    }
}

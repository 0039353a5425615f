using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>What becomes of requests that still run when the grace of a stop is over: each ends with an error that says so, none with a cut connection.</summary>
public sealed class StoppingTests
{
    private const string Ask = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";
    private const string AskStream = """{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task A_stream_ends_with_an_error_event_and_its_engine_is_let_go()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("one ")));
            await connection.UntilClosedAsync();
        });
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(AskStream, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await fleet.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.False(await fleet.Server.DrainAsync(TimeSpan.Zero, CancellationToken.None));
        await fleet.Server.DisposeAsync();
        string[] events = [.. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(text => text[0] != ':')];
        Assert.Equal(ScriptedAnswers.Chunk("one ").TrimEnd(), events[0]);
        Assert.Equal("interrupted", JsonElement.Parse(events[^1]["data: ".Length..]).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(2, events.Length);
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!engine.Done.Contains("peer closed"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    [Fact]
    public async Task What_has_no_answer_yet_and_what_waits_gets_503()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, _) =>
        {
            asked.TrySetResult();
            await connection.UntilClosedAsync();
        });
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings() with { MaxConcurrency = 1 }));
        Task<(int Status, string Body)> running = fleet.PostTextAsync(Ask);
        await asked.Task.WaitAsync(TestGateway.Watchdog);
        Task<(int Status, string Body)> waiting = fleet.PostTextAsync(AskStream);
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (fleet.Server.ActiveRequests < 2 || !Waits(fleet))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }

        await fleet.Server.DisposeAsync();
        foreach ((int status, string body) in new[] { await running, await waiting })
        {
            Assert.Equal(503, status);
            Assert.Equal("interrupted", JsonElement.Parse(body).GetProperty("error").GetProperty("code").GetString());
        }
    }

    private static bool Waits(TestFleet fleet)
    {
        lock (fleet.Server.Services.Gate)
        {
            return fleet.Server.Services.Waiting.CountOf("p") == 1;
        }
    }
}

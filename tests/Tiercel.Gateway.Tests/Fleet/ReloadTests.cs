using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>What a new configuration changes in a running gateway, and what it leaves alone.</summary>
public sealed class ReloadTests
{
    private const string Ask = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task A_stream_of_an_upstream_that_a_reload_takes_out_goes_on_to_its_end()
    {
        TaskCompletionSource reloaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream old = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("one ")));
            await reloaded.Task;
            await connection.SendAsync(ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("two") + ScriptedAnswers.Finish + ScriptedAnswers.UsageChunk + ScriptedAnswers.Done) + "0\r\n\r\n");
        });
        await using ScriptedUpstream fresh = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(old.Settings() with { Name = "old" });
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Ask.Replace("{\"model", "{\"stream\":true,\"model", StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await fleet.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        fleet.Source.Replace(TestFleet.Of(fresh.Settings() with { Name = "fresh" }));
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
        Assert.Single(fresh.Requests, sent => sent.StartsWith("POST", StringComparison.Ordinal));
        reloaded.SetResult();
        Assert.Equal(ScriptedAnswers.Chunk("one ") + ScriptedAnswers.Chunk("two") + ScriptedAnswers.Finish + ScriptedAnswers.Done, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Workers_are_shown_the_new_secret_of_the_cluster()
    {
        await using ScriptedUpstream worker = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(worker.Settings() with { Kind = UpstreamKind.Tiercel });
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        fleet.Source.Replace(configuration with { Cluster = new ClusterSettings { Secret = new Secret("test", "a-new-secret") } });
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!worker.Requests.Any(sent => sent.Contains("Authorization: Bearer a-new-secret", StringComparison.Ordinal)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    [Fact]
    public async Task Prices_change_without_new_connections_and_keys_with_them()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        UpstreamSettings settings = engine.Settings() with { Key = new Secret("env:KEY", "sk-one") };
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(settings));
        Replica replica = Assert.Single(fleet.Server.Services.State.Replicas.Values);
        object upstream = replica.Upstream;
        fleet.Source.Replace(TestFleet.Of(settings with { Key = new Secret("env:KEY", "sk-one"), Price = new PriceSettings { Input = 1 } }));
        Assert.Same(upstream, replica.Upstream);
        Assert.Equal(1, replica.Settings.Price.Input);
        fleet.Source.Replace(TestFleet.Of(settings with { Key = new Secret("env:KEY", "sk-two") }));
        Assert.NotSame(upstream, replica.Upstream);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
        Assert.Contains("Authorization: Bearer sk-two", engine.Requests.Last(sent => sent.StartsWith("POST", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_engine_under_an_old_name_begins_anew_and_limits_follow()
    {
        await using ScriptedUpstream first = ScriptedAnswers.Sound();
        await using ScriptedUpstream second = ScriptedAnswers.Sound();
        UpstreamSettings settings = first.Settings() with { MaxConcurrency = 2 };
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(settings));
        Replica before = Assert.Single(fleet.Server.Services.State.Replicas.Values);
        Assert.Equal(2, before.Adaptive!.Limit);
        fleet.Source.Replace(TestFleet.Of(settings with { MaxConcurrency = 1 }));
        Assert.Equal(1, before.Adaptive.Limit);
        fleet.Source.Replace(TestFleet.Of(second.Settings() with { Name = settings.Name }));
        Replica after = Assert.Single(fleet.Server.Services.State.Replicas.Values);
        Assert.NotEqual(before.Id, after.Id);
        Assert.True(before.Removed);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
        Assert.Single(second.Requests, sent => sent.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_that_cannot_be_run_leaves_everything_as_it_was()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(engine.Settings());
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        FleetConfiguration wrong = TestFleet.Of(engine.Settings() with { Name = "other" }, new UpstreamSettings { Name = "e", Kind = UpstreamKind.Embedded });
        Assert.Throws<GatewayConfigurationException>(() => fleet.Source.Replace(wrong));
        Assert.Same(configuration, fleet.Source.Current);
        Assert.Equal(configuration, fleet.Server.Services.Configuration);
        Assert.Equal(engine.Settings().Name, Assert.Single(fleet.Server.Services.State.Replicas.Values).Name);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
    }

    [Fact]
    public async Task Room_for_bodies_follows_a_reload()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(engine.Settings());
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        fleet.Source.Replace(configuration with { Limits = new BodyLimits { MaxBufferedBodyBytes = 1 } });
        Assert.Equal(503, (await fleet.PostTextAsync(Ask)).Status);
        fleet.Source.Replace(configuration);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
    }

    [Fact]
    public async Task Room_for_large_answers_is_bounded_over_all_requests_and_follows_a_reload()
    {
        const int Bytes = 200_000;
        TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);
        string answer = ScriptedAnswers.WholeJson.Replace("one two", new string('x', Bytes), StringComparison.Ordinal);
        string body = answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        string half = ScriptedAnswers.Json(body);
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, request) =>
        {
            // One that is asked to wait holds half of its answer meanwhile.
            if (request.Contains("wait", StringComparison.Ordinal))
            {
                await connection.SendAsync(half[..(half.Length / 2)]);
                await more.Task;
                await connection.SendAsync(half[(half.Length / 2)..]);
                return;
            }

            await connection.SendAsync(half);
        });
        FleetConfiguration configuration = TestFleet.Of(engine.Settings()) with { Limits = new BodyLimits { MaxBufferedAnswerBytes = Bytes * 5 / 4 } };
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        Task<(int Status, string Body)> first = fleet.PostTextAsync(Ask.Replace("hi", "wait", StringComparison.Ordinal));
        AnswerBudget budget = fleet.Server.Services.Answers;

        // With a third of it held there is no room for another: its first bytes alone would leave enough.
        await TestFleet.UntilAsync(() => budget.Used >= Bytes / 3);
        (int status, string refusal) = await fleet.PostTextAsync(Ask);
        Assert.Equal(503, status);
        Assert.Contains("overloaded", refusal, StringComparison.Ordinal);
        fleet.Source.Replace(configuration with { Limits = new BodyLimits() });
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
        more.SetResult();
        Assert.Equal(200, (await first).Status);
        await fleet.UntilIdleAsync();
        Assert.Equal(0, budget.Used);
        Assert.Equal(0, fleet.Server.Services.State.Running);
    }
}

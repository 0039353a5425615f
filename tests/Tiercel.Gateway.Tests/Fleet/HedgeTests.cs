using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>A second replica is asked when the first is late: who has the request then, what becomes of the other, and when nobody is asked.</summary>
public sealed class HedgeTests
{
    private const string Ask = """{"model":"m","stream":true,"max_tokens":3,"messages":[{"role":"user","content":"hi"}]}""";
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task The_second_answers_where_the_first_is_late_and_the_first_is_cancelled_and_not_billed()
    {
        Roles roles = new();
        await using ScriptedUpstream one = ScriptedAnswers.Engine(AnswerAsync);
        await using ScriptedUpstream two = ScriptedAnswers.Engine(AnswerAsync);
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(one, two));
        roles.Fleet = fleet;
        using HttpResponseMessage response = await fleet.PostAsync(Ask, key: "sk-acme-key", headers: [("x-request-id", "late"), ("x-tiercel-explain", "1")]);
        Assert.Equal(Whole, await response.Content.ReadAsStringAsync());
        JsonElement[] attempts = [.. (await fleet.ExplainAsync("late")).GetProperty("attempts").EnumerateArray()];
        Assert.Equal(["first", "hedge"], attempts.Select(attempt => attempt.GetProperty("kind").GetString()));
        Assert.NotEqual(attempts[0].GetProperty("upstream").GetString(), attempts[1].GetProperty("upstream").GetString());
        Assert.Equal("Success", attempts[1].GetProperty("outcome").GetString());
        Assert.StartsWith(attempts[1].GetProperty("upstream").GetString() + ";", Assert.Single(response.Headers.GetValues("x-tiercel-routed")), StringComparison.Ordinal);

        // An engine that had not yet sent its ping finds its connection gone, and the others that it is closed.
        await UntilAsync(() => one.Done.Concat(two.Done).Any(what => what is "peer closed" or "peer gone"));
        Settled(fleet);

        async Task AnswerAsync(ScriptedConnection connection, string request)
        {
            if (roles.IsFirst(connection))
            {
                // A head and a ping are no answer.
                await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(": ping\n\n"));
                await connection.UntilClosedAsync();
            }
            else
            {
                await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.WholeStream) + "0\r\n\r\n");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_answers_after_all_where_the_second_is_later_or_fails(bool secondFails)
    {
        Roles roles = new();
        TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream one = ScriptedAnswers.Engine(AnswerAsync);
        await using ScriptedUpstream two = ScriptedAnswers.Engine(AnswerAsync);
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(one, two));
        roles.Fleet = fleet;
        using HttpResponseMessage response = await fleet.PostAsync(Ask, key: "sk-acme-key", headers: [("x-request-id", "after-all")]);
        Assert.Equal(Whole, await response.Content.ReadAsStringAsync());
        JsonElement[] attempts = [.. (await fleet.ExplainAsync("after-all")).GetProperty("attempts").EnumerateArray()];
        Assert.Equal(["first", "hedge"], attempts.Select(attempt => attempt.GetProperty("kind").GetString()));
        Assert.Equal("Success", attempts[0].GetProperty("outcome").GetString());
        await UntilAsync(() => one.Done.Concat(two.Done).Contains(secondFails ? "reset" : "peer closed"));
        Settled(fleet);

        async Task AnswerAsync(ScriptedConnection connection, string request)
        {
            if (roles.IsFirst(connection))
            {
                await second.Task.WaitAsync(TestGateway.Watchdog);
                await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.WholeStream) + "0\r\n\r\n");
                return;
            }

            if (secondFails)
            {
                connection.Reset();
                second.TrySetResult();
                return;
            }

            second.TrySetResult();
            await connection.UntilClosedAsync();
        }
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n")]
    [InlineData("data: [DONE]\n\n")]
    [InlineData("nonsense\n\n")]
    [InlineData("")]
    public async Task Of_a_first_that_fails_after_its_role_the_client_sees_nothing_while_the_second_may_answer(string end)
    {
        Roles roles = new();
        TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource firstFailed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedUpstream one = ScriptedAnswers.Engine(AnswerAsync);
        await using ScriptedUpstream two = ScriptedAnswers.Engine(AnswerAsync);
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(one, two));
        roles.Fleet = fleet;
        Task<HttpResponseMessage> asking = fleet.PostAsync(Ask, key: "sk-acme-key", headers: [("x-request-id", "role")]);
        await UntilAsync(() => second.Task.IsCompleted && fleet.Server.Services.State.Running == 1);
        firstFailed.SetResult();
        using HttpResponseMessage response = await asking;
        Assert.Equal(Role + Whole, await response.Content.ReadAsStringAsync());
        JsonElement[] attempts = [.. (await fleet.ExplainAsync("role")).GetProperty("attempts").EnumerateArray()];
        Assert.Equal(["first", "hedge"], attempts.Select(attempt => attempt.GetProperty("kind").GetString()));
        Assert.DoesNotContain("Cancelled", attempts[0].GetProperty("outcome").GetString(), StringComparison.Ordinal);
        Assert.Equal("Success", attempts[1].GetProperty("outcome").GetString());
        Settled(fleet);

        async Task AnswerAsync(ScriptedConnection connection, string request)
        {
            if (roles.IsFirst(connection))
            {
                await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(Role));
                await second.Task.WaitAsync(TestGateway.Watchdog);
                await connection.SendAsync((end.Length > 0 ? ScriptedAnswers.Chunked(end) : "") + "0\r\n\r\n");
                return;
            }

            second.TrySetResult();
            await firstFailed.Task.WaitAsync(TestGateway.Watchdog);
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(Role + ScriptedAnswers.WholeStream) + "0\r\n\r\n");
        }
    }

    [Fact]
    public async Task A_client_that_leaves_while_two_are_asked_is_billed_for_one_and_neither_is_said_to_have_answered()
    {
        int asked = 0;
        await using ScriptedUpstream one = ScriptedAnswers.Engine(AnswerAsync);
        await using ScriptedUpstream two = ScriptedAnswers.Engine(AnswerAsync);
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(one, two));
        using CancellationTokenSource leaves = new();
        using HttpRequestMessage ask = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Ask, System.Text.Encoding.UTF8, "application/json") };
        ask.Headers.Add("Authorization", "Bearer sk-acme-key");
        ask.Headers.Add("x-request-id", "left");
        Task<HttpResponseMessage> response = fleet.Client.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead, leaves.Token);
        await UntilAsync(() => Volatile.Read(ref asked) == 2);
        leaves.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => response);
        await UntilAsync(() => one.Done.Contains("peer closed") && two.Done.Contains("peer closed") && fleet.Server.Services.State.Running == 0);
        await UntilAsync(() => fleet.Server.Services.Accounts["acme"].Running == (0, 0));
        string[] outcomes = [.. (await fleet.ExplainAsync("left")).GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("outcome").GetString()!)];
        Assert.Equal(["Cancelled", "Cancelled: nobody waited any more"], outcomes.Order());

        async Task AnswerAsync(ScriptedConnection connection, string request)
        {
            Interlocked.Increment(ref asked);
            await connection.UntilClosedAsync();
        }
    }

    [Fact]
    public void A_request_that_was_at_a_death_is_not_sent_to_two_workers_at_one_time()
    {
        FleetState state = FleetStates.Of(new PoolSettings { Upstreams = [], Hedge = true }, "n", "n", "n");
        Attempt present = state.Start(FleetStates.Request(1, body: 7), 3, Start);
        state.Died(state.Replicas[3], "g1", Start);
        state.End(present, AttemptOutcome.Reset, 7, Start);
        Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(7, Start));
        Assert.Null(state.TryHedge(state.Start(FleetStates.Request(2, body: 7), 1, Start), 100, Start));
        Assert.NotNull(state.TryHedge(state.Start(FleetStates.Request(3, body: 8), 1, Start), 101, Start));
    }

    [Fact]
    public async Task Once_a_token_has_come_nobody_else_is_asked_however_long_the_rest_takes()
    {
        await using ScriptedUpstream one = ScriptedAnswers.Engine(AnswerAsync);
        await using ScriptedUpstream two = ScriptedAnswers.Engine(AnswerAsync);
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(one, two));
        using HttpRequestMessage ask = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Ask, System.Text.Encoding.UTF8, "application/json") };
        ask.Headers.Add("Authorization", "Bearer sk-acme-key");
        ask.Headers.Add("x-request-id", "once");
        using HttpResponseMessage response = await fleet.Client.SendAsync(ask);
        Assert.Equal(Whole, await response.Content.ReadAsStringAsync());

        // On a busy machine the first token itself may have been late; then one more was asked before it, and none after it.
        JsonElement told = await fleet.ExplainAsync("once");
        double firstToken = told.GetProperty("ttft_seconds").GetDouble();
        Assert.All(told.GetProperty("attempts").EnumerateArray(), attempt => Assert.InRange(attempt.GetProperty("at_seconds").GetDouble(), 0, firstToken));

        static async Task AnswerAsync(ScriptedConnection connection, string request)
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("one ")));
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            await connection.SendAsync(ScriptedAnswers.Chunked(ScriptedAnswers.WholeStream[ScriptedAnswers.Chunk("one ").Length..]) + "0\r\n\r\n");
        }
    }

    [Fact]
    public void Nobody_is_asked_without_the_pools_word_headroom_another_replica_or_a_retry_that_is_left()
    {
        PoolSettings hedges = new() { Upstreams = [], Hedge = true };
        FleetState state = FleetStates.Of(hedges, "n", "n");
        Attempt late = state.Start(FleetStates.Request(1), 1, Start);
        Assert.NotNull(state.LateAfter(late, Start));

        FleetState off = FleetStates.Of(null, "n", "n");
        Assert.Null(off.LateAfter(off.Start(FleetStates.Request(1), 1, Start), Start));
        FleetState alone = FleetStates.Of(hedges, "n");
        Assert.Null(alone.LateAfter(alone.Start(FleetStates.Request(1), 1, Start), Start));

        // Two of eight each: more than half is taken.
        Attempt[] others = [.. Enumerable.Range(2, 8).Select(number => state.Start(FleetStates.Request(number), 1 + (number % 2), Start))];
        Assert.Null(state.LateAfter(late, Start));
        Assert.Null(state.TryHedge(late, 100, Start));
        foreach (Attempt other in others)
        {
            state.End(other, AttemptOutcome.Success, null, Start);
        }

        while (state.Retries.TryRetry(Start))
        {
        }

        Assert.Null(state.TryHedge(late, 101, Start));
        TimeSpan later = Start + TimeSpan.FromSeconds(RetryBudget.Window + 1);
        Attempt second = state.TryHedge(late, 102, later)!;
        Assert.Equal(2, second.Replica.Id);

        // Each is counted where it is, and nowhere after its end.
        Assert.Equal((1, 1), (state.Pools[FleetStates.Pool].Router.Load(1).Requests, state.Pools[FleetStates.Pool].Router.Load(2).Requests));
        late.Lose();
        state.End(late, AttemptOutcome.Cancelled, null, later);
        Assert.Equal(TimeSpan.Zero, late.Request.EngineTime);
        state.End(second, AttemptOutcome.Success, null, later + TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), late.Request.EngineTime);
        Assert.Equal((0, 0, 0), (state.Running, state.Health.OpenAttempts, state.Pools[FleetStates.Pool].Router.Requests));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    private static string Role => "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";

    private static string Whole => ScriptedAnswers.Chunk("one ") + ScriptedAnswers.Chunk("two") + ScriptedAnswers.Finish + ScriptedAnswers.Done;

    /// <summary>Nothing runs, nothing is reserved, one answer is paid: 5 + 1 + 6 millionths.</summary>
    private static void Settled(TestFleet fleet)
    {
        FleetServices services = fleet.Server.Services;
        Assert.Equal((0, 0, 0), (services.State.Running, services.State.Health.OpenAttempts, services.State.Pools["p"].Router.Requests));
        Assert.Equal(1, services.State.Retries.Retries);
        Assert.Equal(0.000012m, services.Accounts["acme"].Budget.Day.Spent.Amount);
        Assert.Equal(0, services.Accounts["acme"].Budget.Day.Reserved.Nanos);
        Assert.Equal((0, 0), services.Accounts["acme"].Running);
    }

    private static FleetConfiguration Pair(ScriptedUpstream one, ScriptedUpstream two)
    {
        PriceSettings price = new() { Input = 1, CachedInput = 0.5m, Output = 2 };
        FleetConfiguration configuration = TestFleet.Of(one.Settings() with { Name = "one", Price = price }, two.Settings() with { Name = "two", Price = price });
        return configuration with
        {
            Pools = new Dictionary<string, PoolSettings> { ["p"] = configuration.Pools["p"] with { Hedge = true } },
            Tenants = new Dictionary<string, TenantSettings> { ["acme"] = TestFleet.Tenant("acme", "sk-acme-key") with { Budget = new BudgetSettings { PerDay = 1 } } },
        };
    }

    /// <summary>Which of a request's attempts an engine has got. The second may be read before the first is, if the machine is busy.</summary>
    private sealed class Roles
    {
        public TestFleet? Fleet { get; set; }

        public bool IsFirst(ScriptedConnection connection)
        {
            FleetServices services = Fleet!.Server.Services;
            lock (services.Gate)
            {
                return !services.State.Replicas.Values.Single(replica => replica.Settings.Url!.Port == connection.Port).Running.Any(attempt => attempt.Record.Kind == "hedge");
            }
        }
    }
}

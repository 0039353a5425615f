using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>Requests that reach a worker which has just begun to drain, before its gateway knows: they go elsewhere, and no retry is spent, because nothing has failed.</summary>
public sealed class DrainRefusalTests
{
    private const int Requests = 12;

    [Theory]
    [InlineData("draining", false, Requests)]
    [InlineData("draining", true, Requests)]
    [InlineData("overloaded", false, 0)]
    [InlineData("overloaded", true, 0)]
    public async Task What_a_draining_worker_refuses_needs_no_retry(string code, bool streams, int served)
    {
        int refused = 0;
        ScriptedUpstream Refusing() => ScriptedAnswers.Engine((connection, request) =>
        {
            // Probes of health, which a busy machine sees, are no requests.
            Interlocked.Add(ref refused, request.Contains("\"hi ", StringComparison.Ordinal) ? 1 : 0);
            return connection.SendAsync(ScriptedAnswers.Json(
                $"{{\"error\":{{\"message\":\"not now\",\"type\":\"server_error\",\"param\":null,\"code\":\"{code}\"}}}}", "503 Service Unavailable", "Retry-After: 1\r\n"));
        });
        await using ScriptedUpstream first = Refusing();
        await using ScriptedUpstream second = Refusing();
        await using ScriptedUpstream sound = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(
            first.Settings() with { Name = "first", Kind = UpstreamKind.Tiercel },
            second.Settings() with { Name = "second", Kind = UpstreamKind.Tiercel },
            sound.Settings() with { Name = "sound" });
        await using TestFleet fleet = await TestFleet.StartAsync(configuration with
        {
            Pools = new Dictionary<string, PoolSettings> { ["p"] = configuration.Pools["p"] with { Policy = RoutingPolicyKind.RoundRobin } },
            Retries = new RetrySettings { BudgetShare = 0, BudgetPerSecond = 0 },
        });
        int answered = 0;
        for (int i = 0; i < Requests; i++)
        {
            string stream = streams ? "\"stream\":true," : "";
            (int status, string body) = await fleet.PostTextAsync($$"""{"model":"m",{{stream}}"messages":[{"role":"user","content":"hi {{i}}"}]}""");
            answered += status == 200 && body.Contains("two", StringComparison.Ordinal) ? 1 : 0;
        }

        // Without the word for it a refusal is a failure, and of those that met one none is tried again.
        Assert.True(refused > 0, "nobody was refused");
        Assert.Equal(served == 0 ? Requests - refused : served, answered);
    }
}

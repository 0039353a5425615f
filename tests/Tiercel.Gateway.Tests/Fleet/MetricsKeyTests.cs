using System.Net.Http.Headers;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>Metrics name tenants: where they have a key they answer whoever shows it, and nobody else.</summary>
public sealed class MetricsKeyTests
{
    private const string Key = "key-of-the-metrics";

    [Fact]
    public async Task Metrics_with_a_key_answer_only_who_shows_it_and_a_reload_takes_the_key_up()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration open = TestFleet.Of(engine.Settings()) with { Tenants = new Dictionary<string, TenantSettings> { ["named"] = TestFleet.Tenant("named", "key-of-a-tenant") } };
        await using TestFleet fleet = await TestFleet.StartAsync(open);
        Assert.Equal((200, true), await ReadAsync(fleet, null));
        fleet.Source.Replace(open with { Telemetry = new TelemetrySettings { MetricsKey = new Secret("test", Key) } });
        foreach (string? wrong in (string?[])[null, "key-of-a-tenant", TestFleet.Secret, Key + "x", Key[..^1], ""])
        {
            Assert.Equal((401, false), await ReadAsync(fleet, wrong));
        }

        Assert.Equal((200, true), await ReadAsync(fleet, Key));
    }

    private static async Task<(int Status, bool ArePrometheus)> ReadAsync(TestFleet fleet, string? key)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await fleet.Client.SendAsync(request);
        return ((int)response.StatusCode, (await response.Content.ReadAsStringAsync()).Contains("tiercel_gateway_", StringComparison.Ordinal));
    }
}

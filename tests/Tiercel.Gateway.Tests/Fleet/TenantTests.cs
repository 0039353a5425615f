using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>Keys, limits and budgets where they are met: at the door of a running gateway.</summary>
public sealed class TenantTests
{
    private const string Ask = """{"model":"m","max_tokens":3,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task A_stranger_gets_401_and_a_key_that_a_reload_took_away_does_too()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(engine.Settings()) with
        {
            Tenants = new Dictionary<string, TenantSettings> { ["acme"] = TestFleet.Tenant("acme", "sk-acme-key") },
        };
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        Assert.Equal(401, (await fleet.PostTextAsync(Ask)).Status);
        Assert.Equal(401, (await fleet.PostTextAsync(Ask, key: "sk-wrong")).Status);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask, key: "sk-acme-key")).Status);

        fleet.Source.Replace(configuration with { Tenants = new Dictionary<string, TenantSettings> { ["acme"] = TestFleet.Tenant("acme", "sk-new-key") } });
        Assert.Equal(401, (await fleet.PostTextAsync(Ask, key: "sk-acme-key")).Status);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask, key: "sk-new-key")).Status);
    }

    [Fact]
    public async Task Requests_beyond_the_rate_get_429_with_the_time_to_come_back()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        TenantSettings tenant = TestFleet.Tenant("acme", "sk-acme-key") with { Limits = new TenantLimitSettings { RequestsPerMinute = 2 } };
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with { Tenants = new Dictionary<string, TenantSettings> { ["acme"] = tenant } });
        using HttpResponseMessage first = await fleet.PostAsync(Ask, key: "sk-acme-key");
        Assert.Equal("1", first.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        await fleet.PostTextAsync(Ask, key: "sk-acme-key");
        using HttpResponseMessage third = await fleet.PostAsync(Ask, key: "sk-acme-key");
        Assert.Equal(429, (int)third.StatusCode);
        Assert.InRange(int.Parse(third.Headers.GetValues("Retry-After").Single(), System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal("rate_limit_exceeded", JsonElement.Parse(await third.Content.ReadAsByteArrayAsync()).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_spent_budget_refuses_and_what_was_spent_is_what_the_engine_reported()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();

        // Five prompt tokens computed, two from the cache, three generated: 5 + 1 + 6 millionths.
        UpstreamSettings priced = engine.Settings() with { Price = new PriceSettings { Input = 1, CachedInput = 0.5m, Output = 2 } };
        TenantSettings tenant = TestFleet.Tenant("acme", "sk-acme-key") with { Budget = new BudgetSettings { PerDay = 0.000050m } };
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(priced) with { Tenants = new Dictionary<string, TenantSettings> { ["acme"] = tenant } });
        int served = 0;
        while ((await fleet.PostTextAsync(Ask, key: "sk-acme-key")).Status == 200)
        {
            await fleet.UntilIdleAsync();
            served++;
            Assert.Equal(0.000012m * served, fleet.Server.Services.Accounts["acme"].Budget.Day.Spent.Amount);
        }

        Assert.InRange(served, 1, 4);
        Assert.Equal(0, fleet.Server.Services.Accounts["acme"].Budget.Day.Reserved.Nanos);
    }

    [Fact]
    public async Task A_tenant_sees_and_uses_its_own_models_only()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(engine.Settings());
        await using TestFleet fleet = await TestFleet.StartAsync(configuration with
        {
            Routes = new Dictionary<string, RouteSettings> { ["m"] = new("p"), ["other"] = new("p") },
            Tenants = new Dictionary<string, TenantSettings> { ["acme"] = TestFleet.Tenant("acme", "sk-acme-key") with { Models = ["other"] } },
        });
        Assert.Equal(404, (await fleet.PostTextAsync(Ask, key: "sk-acme-key")).Status);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask.Replace("\"m\"", "\"other\"", StringComparison.Ordinal), key: "sk-acme-key")).Status);
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.Add("x-api-key", "sk-acme-key");
        using HttpResponseMessage models = await fleet.Client.SendAsync(request);
        string text = await models.Content.ReadAsStringAsync();
        Assert.Contains("\"other\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"m\"", text, StringComparison.Ordinal);

        // What is said to strangers names no model.
        string root = await fleet.Client.GetStringAsync("/");
        Assert.Contains("POST /v1/chat/completions", root, StringComparison.Ordinal);
        Assert.DoesNotContain("other", root, StringComparison.Ordinal);
    }
}

using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>The route <c>*</c>, from the file to the engine: it takes every name that has no route of its own, and only names.</summary>
public sealed class RouteForAllTests
{
    [Fact]
    public async Task Names_without_a_route_of_their_own_take_the_route_for_all_as_they_are()
    {
        await using ScriptedUpstream named = ScriptedAnswers.Sound();
        await using ScriptedUpstream rest = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(Read(named, rest));
        Assert.Equal((200, 1, 0), (await AskAsync(fleet, "\"model\":\"m\",", "all"), Posts(named), Posts(rest)));
        Assert.Equal((200, 1, 1), (await AskAsync(fleet, "\"model\":\"vendor/any-1:free\",", "all"), Posts(named), Posts(rest)));
        Assert.Contains(rest.Requests, request => request.Contains("\"model\":\"vendor/any-1:free\"", StringComparison.Ordinal));

        // What is no name of a model goes nowhere: it would stand in ledger and log.
        foreach (string none in (string[])["*", "two words", "line\\nbreak", "\\u0000", new string('x', 257), "-leading"])
        {
            Assert.Contains(await AskAsync(fleet, $"\"model\":\"{none}\",", "all"), (int[])[400, 404]);
        }

        Assert.Equal((1, 1), (Posts(named), Posts(rest)));
    }

    [Fact]
    public async Task A_tenant_may_be_given_the_route_for_all_or_be_kept_from_it()
    {
        await using ScriptedUpstream named = ScriptedAnswers.Sound();
        await using ScriptedUpstream rest = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(Read(named, rest));
        Assert.Equal((200, 404), (await AskAsync(fleet, "\"model\":\"m\",", "named"), await AskAsync(fleet, "\"model\":\"other\",", "named")));
        Assert.Equal((404, 200), (await AskAsync(fleet, "\"model\":\"m\",", "others"), await AskAsync(fleet, "\"model\":\"other\",", "others")));
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.Authorization = new("Bearer", "key-of-all");
        using HttpResponseMessage models = await fleet.Client.SendAsync(request);
        JsonElement list = JsonElement.Parse(await models.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).GetProperty("data");
        Assert.Equal(["m"], list.EnumerateArray().Select(model => model.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Where_it_is_the_only_route_a_request_has_to_name_its_model()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with { Routes = new Dictionary<string, RouteSettings> { ["*"] = new("p") } });
        Assert.Equal((400, 200), (await AskAsync(fleet, "", "all"), await AskAsync(fleet, "\"model\":\"some\",", "all")));
        Assert.Equal(1, Posts(engine));
    }

    private static FleetConfiguration Read(ScriptedUpstream named, ScriptedUpstream rest) => ConfigurationText.Read(
        $$"""
        listen: [ { address: 127.0.0.1:0 } ]
        pools:
          a: { upstreams: [ { name: a, kind: openai, url: "http://127.0.0.1:{{named.Port}}", connect_timeout: 60s } ] }
          b: { upstreams: [ { name: b, kind: openai, url: "http://127.0.0.1:{{rest.Port}}", connect_timeout: 60s } ] }
        routes:
          m: { pool: a }
          "*": { pool: b }
        tenants:
          all: { keys: [ { name: k, key: "{{HashOf("all")}}" } ] }
          named: { models: [ m ], keys: [ { name: k, key: "{{HashOf("named")}}" } ] }
          others: { models: [ "*" ], keys: [ { name: k, key: "{{HashOf("others")}}" } ] }
        """).Require();

    private static string HashOf(string tenant) => "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"key-of-{tenant}")));

    private static async Task<int> AskAsync(TestFleet fleet, string model, string tenant) =>
        (await fleet.PostTextAsync($$"""{{{model}}"messages":[{"role":"user","content":"Hi."}]}""", key: $"key-of-{tenant}")).Status;

    private static int Posts(ScriptedUpstream engine) => engine.Requests.Count(request => request.StartsWith("POST", StringComparison.Ordinal));
}

using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>Who is believed: gateways that show the cluster secret, and nobody else.</summary>
public sealed class PeerTests : IAsyncLifetime
{
    private const string Ask = """{"prompt":"Once upon a time there was a fox who lived near a river and liked the moon very much, and one day the fox met a bear who lived in the forest and liked honey, stories and long walks.","max_tokens":6,"temperature":1.5}""";
    private TestWorker _worker = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>With a seed of its own: where a request has none, two answers could be the same by chance.</summary>
    public async ValueTask InitializeAsync() => _worker = await TestWorker.StartAsync(new GatewayOptions { ApiKeys = ["a client's key"], Seed = 1 });

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    [Theory]
    [InlineData("GET", "/internal/info")]
    [InlineData("GET", "/internal/events")]
    [InlineData("POST", "/internal/drain")]
    [InlineData("POST", "/internal/resume")]
    [InlineData("GET", "/internal/anything")]
    public async Task Internal_paths_answer_nobody_else(string method, string path)
    {
        foreach (string? bearer in (string?[])[null, "", "a client's key", TestWorker.Secret + "x", TestWorker.Secret[..^1], "A SECRET OF THE CLUSTER"])
        {
            using HttpClient client = TestWorker.ClientOf(_worker.Url, bearer);
            using HttpResponseMessage response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancellation);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.False(response.Headers.Contains("x-tiercel-worker"));
            Assert.False(response.Headers.Contains("x-tiercel-numerics"));
        }

        Assert.False(_worker.Server.ActiveRequests > 0);
        await using TestGateway trustsNobody = await TestGateway.StartAsync();
        trustsNobody.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestWorker.Secret);
        using HttpResponseMessage none = await trustsNobody.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task Headers_of_a_client_are_not_believed()
    {
        (string, string)[] spoofed =
        [
            ("x-tiercel-id", "spoofed"), ("x-tiercel-created", "1"), ("x-tiercel-seed", "5"), ("x-tiercel-tenant", "victim"), ("x-tiercel-priority", "-1000"),
            ("x-tiercel-request", "1"), ("x-tiercel-tokens", "1"),
        ];
        using HttpClient client = TestWorker.ClientOf(_worker.Url, "a client's key");
        (JsonElement victim, _) = await CompleteAsync(_worker.Client, [("x-tiercel-tenant", "victim"), ("x-tiercel-seed", "5")]);
        (JsonElement answer, HttpResponseMessage response) = await CompleteAsync(client, spoofed);
        Assert.StartsWith("cmpl-", answer.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.True(answer.GetProperty("created").GetInt64() > 1_000_000_000);
        Assert.Equal(0, CachedTokens(answer));
        Assert.NotEqual(Text(victim), Text(answer));
        Assert.False(response.Headers.Contains("x-tiercel-worker"));
        (answer, _) = await CompleteAsync(_worker.Client, [("x-tiercel-tenant", "victim"), ("x-tiercel-seed", "5")]);
        Assert.Equal(Text(victim), Text(answer));
        Assert.True(CachedTokens(answer) > 0);
        List<string> events = await TestWorker.StreamAsync(client, TestWorker.Post("/v1/completions", """{"prompt":"a","stream":true}""", spoofed));
        Assert.DoesNotContain(events, news => news.StartsWith(':'));
    }

    [Fact]
    public async Task A_gateway_is_believed_and_told_who_answers()
    {
        (JsonElement answer, HttpResponseMessage response) = await CompleteAsync(
            _worker.Client, [("x-tiercel-id", "cmpl-mine"), ("x-tiercel-created", "1700000000")]);
        Assert.Equal("cmpl-mine", answer.GetProperty("id").GetString());
        Assert.Equal(1700000000, answer.GetProperty("created").GetInt64());
        JsonElement info = JsonElement.Parse(await _worker.Client.GetByteArrayAsync("/internal/info", Cancellation));
        Assert.Equal(info.GetProperty("generation").GetString(), response.Headers.GetValues("x-tiercel-worker").Single());
        Assert.Equal(_worker.Engine.Model.NumericsId, response.Headers.GetValues("x-tiercel-numerics").Single());
        Assert.Equal(_worker.Engine.Model.NumericsId, info.GetProperty("numerics_id").GetString());
        Assert.True(info.GetProperty("profile").GetProperty("prefill_s_per_token").GetDouble() > 0);
        Assert.True(info.GetProperty("kv_tokens").GetInt64() >= 512);
    }

    [Theory]
    [InlineData("x-tiercel-seed", "-1")]
    [InlineData("x-tiercel-seed", "18446744073709551616")]
    [InlineData("x-tiercel-created", "yesterday")]
    [InlineData("x-tiercel-created", "999999999999999")]
    [InlineData("x-tiercel-priority", "1001")]
    [InlineData("x-tiercel-request", "1.5")]
    [InlineData("x-tiercel-tokens", "yes")]
    public async Task A_header_that_makes_no_sense_is_refused_by_name(string name, string value)
    {
        using HttpResponseMessage response = await _worker.Client.SendAsync(TestWorker.Post("/v1/completions", Ask, (name, value)), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(name, await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tenants_never_share_what_is_cached_whatever_they_call_themselves()
    {
        // A tenant's name and the salt of a request must not be put together to another tenant's.
        string[] tenants = ["a", "b", "a/b", "a%2Fb", "", "a/", "/b", "A", " a"];
        string[] salts = ["", "b", "/b", "%2Fb"];
        HashSet<string> seen = [];
        foreach (string tenant in tenants)
        {
            foreach (string salt in salts)
            {
                string body = Ask[..^1] + $",\"cache_salt\":{JsonSerializer.Serialize(salt)}}}";
                (JsonElement answer, _) = await CompleteAsync(_worker.Client, [("x-tiercel-tenant", tenant)], body);

                // The field value of a header has no blanks around it.
                Assert.Equal(seen.Add($"{tenant.Trim()}|{salt}"), CachedTokens(answer) == 0);
            }
        }
    }

    [Fact]
    public async Task A_worker_without_keys_works_for_its_fleet_alone()
    {
        await using TestWorker worker = await TestWorker.StartAsync();
        using HttpClient stranger = TestWorker.ClientOf(worker.Url, null);
        using HttpResponseMessage response = await stranger.SendAsync(TestWorker.Post("/v1/completions", Ask), Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/health", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_closed_connection_ends_the_generation()
    {
        HttpRequestMessage request = TestWorker.Post("/v1/completions", """{"prompt":"Once","max_tokens":400,"ignore_eos":true,"n":64,"stream":true}""");
        using (HttpResponseMessage response = await _worker.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation))
        {
            Assert.True(response.IsSuccessStatusCode);
        }

        await _worker.UntilIdleAsync();
        Assert.InRange(_worker.Engine.GetStatus().GeneratedTokens, 1, (64 * 400) - 1);
    }

    [Fact]
    public async Task A_drained_worker_takes_nothing_new_and_finishes_what_it_has()
    {
        // More than all buffers on the way to a client that does not read yet: the answer cannot be over before it does.
        HttpRequestMessage request = TestWorker.Post(
            "/v1/completions", """{"prompt":"Once","max_tokens":400,"ignore_eos":true,"n":48,"logprobs":5,"stream":true}""");
        using HttpResponseMessage running = await _worker.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using HttpResponseMessage drained = await _worker.Client.PostAsync("/internal/drain", null, Cancellation);
        JsonElement answer = JsonElement.Parse(await drained.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.True(answer.GetProperty("draining").GetBoolean());
        Assert.Equal(1, answer.GetProperty("active").GetInt32());
        using HttpResponseMessage refused = await _worker.Client.SendAsync(TestWorker.Post("/v1/completions", Ask), Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        string rest = await running.Content.ReadAsStringAsync(Cancellation);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.True(rest.Length > 5_000_000, $"{rest.Length} characters may have found room on the way");
    }

    private static async Task<(JsonElement Answer, HttpResponseMessage Response)> CompleteAsync(HttpClient client, (string, string)[] headers, string body = Ask)
    {
        HttpResponseMessage response = await client.SendAsync(TestWorker.Post("/v1/completions", body, headers), Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, text);
        return (JsonElement.Parse(text), response);
    }

    private static string Text(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("text").GetString()!;

    private static int CachedTokens(JsonElement answer) =>
        answer.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
}

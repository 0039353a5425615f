using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tiercel.Engine;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Identity;

public sealed class IdentityTests
{
    private static readonly GatewayOptions WithKeys = new() { ApiKeys = ["key-one", "key-two"] };

    [Theory]
    [InlineData("Authorization", "Bearer key-one", 200)]
    [InlineData("Authorization", "bearer key-two", 200)]
    [InlineData("x-api-key", "key-two", 200)]
    [InlineData("Authorization", "Bearer key-on", 401)]
    [InlineData("Authorization", "Bearer key-one2", 401)]
    [InlineData("Authorization", "Basic key-one", 401)]
    [InlineData("Authorization", "Bearer ' OR 1=1 --", 401)]
    [InlineData("x-api-key", "", 401)]
    [InlineData("x-other", "key-one", 401)]
    public async Task A_key_opens_the_api_in_either_header(string header, string value, int status)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: WithKeys);
        HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent("""{"prompt":"a"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 401)
        {
            JsonElement error = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()).GetProperty("error");
            Assert.Equal("invalid_api_key", error.GetProperty("code").GetString());
            Assert.DoesNotContain("key-on", error.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_says_only_something_about_the_server_needs_no_key()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: WithKeys);
        foreach (string path in new[] { "/", "/health", "/version", "/metrics" })
        {
            using HttpResponseMessage open = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        }

        using HttpResponseMessage models = await gateway.Client.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.Unauthorized, models.StatusCode);
    }

    [Fact]
    public async Task Tenants_do_not_share_cached_prefixes()
    {
        FakeEngine engine = new();
        await using TestGateway gateway = await TestGateway.StartAsync(engine, WithKeys);
        foreach (string key in new[] { "key-one", "key-two", "key-one" })
        {
            HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions")
            {
                Content = new StringContent("""{"prompt":"a"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("x-api-key", key);
            using HttpResponseMessage response = await gateway.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        GenerationRequest[] requests = [.. engine.Requests];
        Assert.NotEqual(requests[0].CacheSalt, requests[1].CacheSalt);
        Assert.Equal(requests[0].CacheSalt, requests[2].CacheSalt);
        Assert.DoesNotContain("key", requests[0].CacheSalt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("localhost:9999", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("127.0.0.1:80", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("gateway.internal:1", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example:8080", false)]
    [InlineData("10.0.0.1", false)]
    public async Task Only_names_of_the_server_are_answered(string host, bool allowed)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: new GatewayOptions { AllowedHosts = ["gateway.internal"] });
        string answer = await gateway.SendRawAsync($"GET /version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith(allowed ? "HTTP/1.1 200" : "HTTP/1.1 403", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.2", "127.0.0.2:8080", true)]
    [InlineData("127.0.0.2", "127.0.0.3:8080", false)]
    [InlineData("::1", "[::1]:8080", true)]
    [InlineData("127.0.0.1", "0.0.0.0:8080", false)]
    public void A_loopback_address_that_is_listened_on_is_a_name_of_the_server(string address, string host, bool allowed)
    {
        HostGuard guard = new(new GatewayOptions { Endpoints = [new IPEndPoint(IPAddress.Parse(address), 8080)] });
        Assert.Equal(allowed, guard.Allows(new HostString(host)));
    }

    [Fact]
    public async Task A_server_on_another_address_of_loopback_is_answered_under_it()
    {
        IPAddress own = LoopbackAddress.Next();
        GatewayOptions options = new() { Endpoints = [new IPEndPoint(own, 0)] };
        await using GatewayServer server = await GatewayServer.StartAsync(options, new FakeEngine(), TimeProvider.System, CancellationToken.None);
        using HttpClient client = new() { BaseAddress = new Uri(server.Urls[0]), Timeout = TestGateway.Watchdog };
        using HttpResponseMessage answer = await client.GetAsync("/version");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        client.DefaultRequestHeaders.Host = "127.255.255.254";
        using HttpResponseMessage other = await client.GetAsync("/version");
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    [Fact]
    public async Task Pages_of_other_origins_get_no_permission_unless_allowed()
    {
        await using TestGateway closed = await TestGateway.StartAsync();
        using HttpResponseMessage refused = await PreflightAsync(closed, "https://app.example");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.DoesNotContain(refused.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));

        await using TestGateway open = await TestGateway.StartAsync(options: new GatewayOptions { AllowedOrigins = ["https://app.example"] });
        using HttpResponseMessage allowed = await PreflightAsync(open, "https://app.example");
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal("https://app.example", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("authorization, x-stainless-os", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single());
        using HttpResponseMessage other = await PreflightAsync(open, "https://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);

        HttpRequestMessage get = new(HttpMethod.Get, "/v1/models");
        get.Headers.Add("Origin", "https://app.example");
        using HttpResponseMessage answer = await open.Client.SendAsync(get);
        Assert.Equal("https://app.example", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("Origin", answer.Headers.Vary);
    }

    [Fact]
    public async Task A_request_id_comes_back_or_is_made()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        using HttpResponseMessage made = await gateway.Client.GetAsync("/version");
        Assert.Matches("^req_[0-9a-f]{32}$", made.Headers.GetValues("x-request-id").Single());
        HttpRequestMessage request = new(HttpMethod.Get, "/version");
        request.Headers.Add("x-request-id", "trace/42=ok");
        using HttpResponseMessage given = await gateway.Client.SendAsync(request);
        Assert.Equal("trace/42=ok", given.Headers.GetValues("x-request-id").Single());
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("é")]
    [InlineData(null)]
    public async Task A_request_id_that_could_forge_a_log_is_refused(string? id)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        string answer = await gateway.SendRawAsync($"GET /version HTTP/1.1\r\nHost: localhost\r\nx-request-id: {id ?? new string('a', 129)}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0", false, false)]
    [InlineData("0.0.0.0", true, true)]
    [InlineData("::", false, false)]
    public async Task An_address_that_others_reach_needs_a_key_or_a_clear_word(string address, bool noAuth, bool starts)
    {
        GatewayOptions options = new() { Endpoints = [new IPEndPoint(IPAddress.Parse(address), 0)], NoAuth = noAuth };
        if (!starts)
        {
            GatewayConfigurationException error = await Assert.ThrowsAsync<GatewayConfigurationException>(
                () => GatewayServer.StartAsync(options, new FakeEngine(), TimeProvider.System, CancellationToken.None));
            Assert.Contains("API key", error.Message, StringComparison.Ordinal);
            return;
        }

        await using GatewayServer server = await GatewayServer.StartAsync(options, new FakeEngine(), TimeProvider.System, CancellationToken.None);
        Assert.Single(server.Urls);
    }

    private static Task<HttpResponseMessage> PreflightAsync(TestGateway gateway, string origin)
    {
        HttpRequestMessage request = new(HttpMethod.Options, "/v1/chat/completions");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization, x-stainless-os");
        return gateway.Client.SendAsync(request);
    }
}

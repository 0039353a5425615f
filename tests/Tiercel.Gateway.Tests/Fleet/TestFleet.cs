using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>A running gateway on a free port of loopback in front of given upstreams, and a client for it.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public const string Secret = "the cluster's secret";

    private TestFleet(FleetServer server, ConfigurationSource source)
    {
        Server = server;
        Source = source;
        Client = new HttpClient { BaseAddress = new Uri(server.Urls[0]), Timeout = TestGateway.Watchdog * 2 };
    }

    public FleetServer Server { get; }

    public ConfigurationSource Source { get; }

    public HttpClient Client { get; }

    /// <summary>A configuration with one pool <c>p</c>, to which the model <c>m</c> goes. No engine is given up because a busy machine lets its probe or its silence last.</summary>
    public static FleetConfiguration Of(params UpstreamSettings[] upstreams) => new()
    {
        Version = "test",
        Listeners = [new ListenerSettings { Address = new IPEndPoint(IPAddress.Loopback, 0) }],
        Cluster = new ClusterSettings { Secret = new Secret("test", Secret) },
        Health = new HealthSettings { ProbeTimeout = TestGateway.Watchdog, HeartbeatTimeout = TestGateway.Watchdog },
        Pools = new Dictionary<string, PoolSettings> { ["p"] = new() { Upstreams = upstreams } },
        Routes = new Dictionary<string, RouteSettings> { ["m"] = new("p") },
    };

    public static TenantSettings Tenant(string name, string key) => new()
    {
        Name = name,
        Keys = [new KeySettings("main", SHA256.HashData(Encoding.UTF8.GetBytes(key)), "test")],
    };

    public static async Task<TestFleet> StartAsync(FleetConfiguration configuration, IInferenceEngine? embedded = null)
    {
        ConfigurationSource source = ConfigurationSource.Of(configuration);
        FleetOptions options = new() { Configuration = source, Embedded = embedded, Seed = 1, PulseInterval = TimeSpan.FromMilliseconds(20), PingInterval = TestGateway.NoPings };
        return new TestFleet(await FleetServer.StartAsync(options, TimeProvider.System, CancellationToken.None), source);
    }

    public Task<HttpResponseMessage> PostAsync(string json, string path = "/v1/chat/completions", string? key = null, params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (key is not null)
        {
            request.Headers.Add("Authorization", $"Bearer {key}");
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return Client.SendAsync(request);
    }

    public async Task<(int Status, string Body)> PostTextAsync(string json, string path = "/v1/chat/completions", string? key = null)
    {
        using HttpResponseMessage response = await PostAsync(json, path, key);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>What the gateway remembers of a request.</summary>
    public async Task<JsonElement> ExplainAsync(string id)
    {
        await UntilIdleAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, $"/internal/requests/{id}");
        request.Headers.Add("Authorization", $"Bearer {Secret}");
        using HttpResponseMessage response = await Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonElement.Parse(await response.Content.ReadAsByteArrayAsync());
    }

    /// <summary>Waits until every request is settled, counted and logged, which is a little after its client has the answer.</summary>
    public Task UntilIdleAsync() => UntilAsync(() => Server.OpenExchanges == 0);

    public static async Task UntilAsync(Func<bool> holds)
    {
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Source.Dispose();
    }
}

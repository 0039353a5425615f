using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Tiercel.Engine;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>A worker on the bundled model in this process, and a client that shows the cluster secret.</summary>
internal sealed class TestWorker : IAsyncDisposable
{
    public const string Secret = "a secret of the cluster";

    private readonly InferenceEngine _engine;

    private TestWorker(InferenceEngine engine, GatewayServer server)
    {
        _engine = engine;
        Server = server;
        Client = ClientOf(server.Urls[0]);
    }

    public static TimeSpan Watchdog { get; } = TimeSpan.FromSeconds(60);

    public GatewayServer Server { get; }

    public InferenceEngine Engine => _engine;

    public HttpClient Client { get; }

    public string Url => Server.Urls[0];

    public static async Task<TestWorker> StartAsync(GatewayOptions? options = null, int contextLength = 512, long kvBytes = 64L << 20, string secret = Secret, IPEndPoint? address = null, TimeProvider? time = null)
    {
        InferenceEngine engine = InferenceEngine.Load(
            Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"),
            new InferenceEngineOptions { ContextLength = contextLength, KvMemoryBytes = kvBytes, Threads = 1 },
            TimeProvider.System);
        options = (options ?? new GatewayOptions()) with
        {
            Endpoints = [address ?? new IPEndPoint(IPAddress.Loopback, 0)],
            ClusterSecret = new Secret("test", secret),
        };
        options = time is null ? options with { HeadHold = TestGateway.NoPings, PingInterval = TestGateway.NoPings } : options;
        return new TestWorker(engine, await GatewayServer.StartAsync(options, engine, time ?? TimeProvider.System, CancellationToken.None));
    }

    public static HttpClient ClientOf(string url, string? bearer = Secret)
    {
        // A response that is put away unread closes its connection at once, as a gateway's does.
        SocketsHttpHandler handler = new() { MaxResponseDrainSize = 0, ResponseDrainTimeout = TimeSpan.Zero };
        HttpClient client = new(handler) { BaseAddress = new Uri(url), Timeout = Watchdog };
        client.DefaultRequestHeaders.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    public static HttpRequestMessage Post(string path, string json, params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Posts and gives the events of the stream, each without its last line end.</summary>
    public static async Task<List<string>> StreamAsync(HttpClient client, HttpRequestMessage request)
    {
        using HttpResponseMessage response = await client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text[..^2].Split("\n\n")];
    }

    /// <summary>Waits until the engine has nothing to do.</summary>
    public async Task UntilIdleAsync()
    {
        using CancellationTokenSource watchdog = new(Watchdog);
        while (_engine.GetStatus() is { RunningSequences: > 0 } or { WaitingSequences: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        _engine.Dispose();
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

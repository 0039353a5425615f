using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Tiercel.Engine;

namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>A running server on a free port of loopback, and a client for it.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    /// <summary>How long a test waits for something that should happen at once.</summary>
    public static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(60);

    /// <summary>Longer than any test: where real time passes, a busy machine's silence must not put a head or a ping into an answer.</summary>
    public static readonly TimeSpan NoPings = TimeSpan.FromHours(1);

    private TestGateway(GatewayServer server, IInferenceEngine engine)
    {
        Server = server;
        Engine = engine;
        Client = new HttpClient { BaseAddress = new Uri(server.Urls[0]), Timeout = Watchdog };
    }

    public GatewayServer Server { get; }

    public IInferenceEngine Engine { get; }

    public HttpClient Client { get; }

    public int Port => new Uri(Server.Urls[0]).Port;

    public static async Task<TestGateway> StartAsync(IInferenceEngine? engine = null, GatewayOptions? options = null, TimeProvider? time = null)
    {
        engine ??= new FakeEngine();
        options = (options ?? new GatewayOptions()) with { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Seed = 1 };
        options = time is null ? options with { HeadHold = NoPings, PingInterval = NoPings } : options;
        return new TestGateway(await GatewayServer.StartAsync(options, engine, time ?? TimeProvider.System, CancellationToken.None), engine);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead) =>
        Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") }, completion);

    /// <summary>Posts and gives the status and the body as JSON.</summary>
    public async Task<(int Status, JsonElement Body)> PostJsonAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        return ((int)response.StatusCode, JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()));
    }

    /// <summary>Posts and gives the events of the stream, without their framing.</summary>
    public async Task<List<string>> PostStreamAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        string text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        string[] events = text[..^2].Split("\n\n");
        Assert.All(events, line => Assert.StartsWith("data: ", line, StringComparison.Ordinal));
        return [.. events.Select(line => line["data: ".Length..])];
    }

    /// <summary>Sends bytes as they are and gives everything that comes back until the server closes, or has been silent for so long.</summary>
    /// <param name="silence">For servers that do not close; without it silence only ends a test that would hang.</param>
    public async Task<string> SendRawAsync(string request, TimeSpan? silence = null)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        return await ReadAllAsync(socket, silence ?? Watchdog);
    }

    /// <summary>Waits until every request is put away, counted and logged, which is a little after its client has the answer.</summary>
    public async Task UntilIdleAsync()
    {
        using CancellationTokenSource watchdog = new(Watchdog);
        while (Server.OpenExchanges > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }

    private static async Task<string> ReadAllAsync(Socket socket, TimeSpan silence)
    {
        StringBuilder answer = new();
        byte[] buffer = new byte[8192];
        while (true)
        {
            using CancellationTokenSource timeout = new(silence);
            try
            {
                int read = await socket.ReceiveAsync(buffer, timeout.Token);
                if (read == 0)
                {
                    return answer.ToString();
                }

                answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                return answer.ToString();
            }
        }
    }
}

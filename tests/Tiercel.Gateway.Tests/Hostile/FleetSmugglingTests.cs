using System.Net;
using System.Net.Sockets;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Hostile;

/// <summary>Bytes of a client, through the gateway, to an engine: what both see is the same request, or the engine sees none.</summary>
public sealed class FleetSmugglingTests
{
    private const string Head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    private const string Body = """{"model":"m","messages":[{"role":"user","content":"hello"}]}""";
    private const string Answer = """{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""";

    public static TheoryData<string, string> Ambiguous => SmugglingTests.Cases;

    /// <summary>Framings that are legal, each of the one body.</summary>
    public static TheoryData<string, string> Legal => new()
    {
        { "a length", Head + $"Content-Length: {Body.Length}\r\n\r\n{Body}" },
        { "chunks", Head + $"Transfer-Encoding: chunked\r\n\r\n5\r\n{Body[..5]}\r\n{Body.Length - 5:X}\r\n{Body[5..]}\r\n0\r\n\r\n" },
        { "chunks with extensions", Head + $"transfer-encoding: Chunked\r\n\r\n{Body.Length:x};a=b;c=\"d\"\r\n{Body}\r\n0;e\r\n\r\n" },
        { "chunks with trailers", Head + $"Transfer-Encoding: chunked\r\n\r\n{Body.Length:x}\r\n{Body}\r\n0\r\nContent-Length: 3\r\nX: y\r\n\r\n" },
        { "an expectation", Head + $"Expect: 100-continue\r\nContent-Length: {Body.Length}\r\n\r\n{Body}" },
        { "fields for the engine", Head + $"Authorization: Bearer mine\r\nx-tiercel-seed: 1\r\nX-Tiercel-Tenant: other\r\nConnection: x-a, keep-alive\r\nX-A: b\r\nContent-Length: {Body.Length}\r\n\r\n{Body}" },
    };

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public async Task A_request_with_two_ends_reaches_no_engine(string what, string request)
    {
        await using ScriptedUpstream engine = ScriptedUpstream.Answering(Http(Answer));
        await using FleetServer fleet = await StartAsync(engine);
        string answer = await AskAsync(fleet, request.Replace("/v1/completions", "/v1/chat/completions", StringComparison.Ordinal), TimeSpan.FromMilliseconds(300));
        Assert.False(answer.Contains("\"version\"", StringComparison.Ordinal), $"{what}: the hidden request was answered\n{answer}");
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), answer);
        Assert.DoesNotContain(engine.Requests, seen => seen.StartsWith("POST", StringComparison.Ordinal));
        answer = await AskAsync(fleet, Head + $"Connection: close\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Legal))]
    public async Task A_legal_request_is_the_same_on_both_sides(string what, string request)
    {
        await using ScriptedUpstream engine = ScriptedUpstream.Answering(Http(Answer));
        await using FleetServer fleet = await StartAsync(engine);
        string answer = await AskAsync(fleet, request.Replace("Host: localhost\r\n", "Host: localhost\r\nConnection: close\r\n", StringComparison.Ordinal));
        Assert.Contains("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains(Answer, answer, StringComparison.Ordinal);
        string seen = Assert.Single(engine.Requests, one => one.StartsWith("POST", StringComparison.Ordinal));
        Assert.True(seen.EndsWith($"\r\nContent-Length: {Body.Length}\r\n\r\n{Body}", StringComparison.Ordinal), $"{what}: {seen}");
        string head = seen[..seen.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        foreach (string field in (string[])["transfer-encoding", "connection", "expect", "trailer", "x-a", "x-tiercel", "authorization", "mine"])
        {
            Assert.DoesNotContain(field, head, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>An engine that puts a second answer behind its first must not be able to answer somebody else's request with it.</summary>
    [Fact]
    public async Task An_answer_in_a_body_is_nobodys_answer()
    {
        string twice = Http(Answer) + Http("""{"evil":true}""");
        await using ScriptedUpstream engine = ScriptedUpstream.Answering(twice);
        await using FleetServer fleet = await StartAsync(engine);
        for (int i = 0; i < 3; i++)
        {
            string answer = await AskAsync(fleet, Head + $"Connection: close\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
            Assert.Contains(Answer, answer, StringComparison.Ordinal);
            Assert.DoesNotContain("evil", answer, StringComparison.Ordinal);
        }

        Assert.True(engine.Accepted >= 3);
    }

    private static string Http(string body) => $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static Task<FleetServer> StartAsync(ScriptedUpstream engine)
    {
        FleetConfiguration configuration = new()
        {
            Version = "test",
            Listeners = [new ListenerSettings { Address = new IPEndPoint(IPAddress.Loopback, 0) }],
            Pools = new Dictionary<string, PoolSettings> { ["p"] = new() { Upstreams = [engine.Settings()] } },
            Routes = new Dictionary<string, RouteSettings> { ["m"] = new("p") },
        };
        return FleetServer.StartAsync(
            new FleetOptions { Configuration = ConfigurationSource.Of(configuration), Seed = 1 }, TimeProvider.System, CancellationToken.None);
    }

    private static async Task<string> AskAsync(FleetServer fleet, string request, TimeSpan? silence = null)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(fleet.Urls[0]).Port);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        StringBuilder answer = new();
        byte[] buffer = new byte[8192];
        while (true)
        {
            using CancellationTokenSource timeout = new(silence ?? TestGateway.Watchdog);
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

using System.Net;
using System.Net.Sockets;
using System.Text;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>The faulty link does to an answer what it says and nothing else, and counts it: what tests of the fleet believe.</summary>
public sealed class ToxicProxyTests
{
    private static readonly string[] Events = [.. Enumerable.Range(0, 5).Select(i => $"data: {{\"content\":\"word {i}\"}}\n\n")];
    private static readonly string Body = string.Concat(Events) + "data: [DONE]\n\n";
    private static readonly string Whole = $"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {Body.Length}\r\n\r\n{Body}";

    [Fact]
    public async Task Without_a_fault_bytes_pass_as_they_came()
    {
        (string answer, bool reset, ToxicProxy proxy) = await StruckAsync(default);
        Assert.Equal((Whole, false, 1), (answer, reset, proxy.Exchanges));
        Assert.All(Enum.GetValues<ToxicKind>(), kind => Assert.Equal(0, proxy.Struck(kind)));
    }

    [Theory]
    [InlineData(ToxicKind.ResetBeforeHead, 0)]
    [InlineData(ToxicKind.ResetAfterHead, 0)]
    [InlineData(ToxicKind.ResetAfterEvents, 3)]
    [InlineData(ToxicKind.ResetBeforeDone, 0)]
    public async Task A_reset_comes_at_its_place(ToxicKind kind, int events)
    {
        (string answer, bool reset, ToxicProxy proxy) = await StruckAsync(new Toxic(kind, events));
        string head = Whole[..^Body.Length];
        string expected = kind switch
        {
            ToxicKind.ResetBeforeHead => "",
            ToxicKind.ResetAfterHead => head,
            ToxicKind.ResetAfterEvents => head + string.Concat(Events[..3]),
            _ => head + string.Concat(Events),
        };
        Assert.Equal((expected, true, 1), (answer, reset, proxy.Struck(kind)));
    }

    [Fact]
    public async Task A_swallowed_answer_stops_without_an_end()
    {
        await using Server server = new();
        await using ToxicProxy proxy = new(new IPEndPoint(IPAddress.Loopback, server.Port));
        proxy.Plan(_ => new Toxic(ToxicKind.SwallowAfterEvents, 2));
        using Socket client = await ConnectAsync(proxy.Port);
        await client.SendAsync("POST / HTTP/1.1\r\n\r\n"u8.ToArray());
        string expected = Whole[..^Body.Length] + string.Concat(Events[..2]);
        Assert.Equal(expected, await ReadAsync(client, expected.Length));
        Assert.Equal(1, proxy.Struck(ToxicKind.SwallowAfterEvents));
        Assert.Equal((0, 1), (client.Available, proxy.RunningStreams));
        proxy.Heal();
    }

    [Fact]
    public async Task A_slow_answer_is_whole_and_a_corrupted_one_differs_in_a_letter()
    {
        (string answer, bool reset, ToxicProxy proxy) = await StruckAsync(new Toxic(ToxicKind.Slow, 400));
        Assert.Equal((Whole, false, 1), (answer, reset, proxy.Struck(ToxicKind.Slow)));
        (answer, reset, proxy) = await StruckAsync(new Toxic(ToxicKind.Corrupt, 2));
        Assert.Equal((Whole.Replace("word 2", "xord 2", StringComparison.Ordinal), false, 1), (answer, reset, proxy.Struck(ToxicKind.Corrupt)));
    }

    [Fact]
    public async Task A_cut_link_resets_and_refuses_and_a_healed_one_carries_again()
    {
        await using Server server = new();
        await using ToxicProxy proxy = new(new IPEndPoint(IPAddress.Loopback, server.Port));
        Assert.Equal((Whole, false), await AskAsync(proxy.Port));
        proxy.Plan(_ => new Toxic(ToxicKind.SwallowAfterEvents, 1));
        using Socket running = await ConnectAsync(proxy.Port);
        await running.SendAsync("POST / HTTP/1.1\r\n\r\n"u8.ToArray());
        string begun = Whole[..^Body.Length] + Events[0];
        await ReadAsync(running, begun.Length);
        proxy.Cut();
        Assert.Equal(1, proxy.CutStreams);
        SocketException broken = await Assert.ThrowsAsync<SocketException>(() => ReadAsync(running, 1));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(proxy.Port));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        proxy.Plan(_ => default);
        proxy.Heal();
        Assert.Equal((Whole, false), await AskAsync(proxy.Port));
    }

    [Fact]
    public async Task A_silent_link_takes_connections_and_gives_nothing()
    {
        await using Server server = new();
        await using ToxicProxy proxy = new(new IPEndPoint(IPAddress.Loopback, server.Port));
        proxy.Silence();
        using Socket client = await ConnectAsync(proxy.Port);
        await client.SendAsync("POST / HTTP/1.1\r\n\r\n"u8.ToArray());
        Task<string> reading = ReadAsync(client, 1);

        // A connection that the link has not taken yet when it is healed has lost nothing, and is carried.
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(1));
        while (proxy.SwallowedBytes == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, watchdog.Token);
        }

        Assert.Equal(0, server.Requests);
        Assert.False(reading.IsCompleted);
        proxy.Heal();
        await Assert.ThrowsAsync<SocketException>(() => reading.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal((Whole, false), await AskAsync(proxy.Port));
    }

    private static async Task<(string Answer, bool Reset, ToxicProxy Proxy)> StruckAsync(Toxic toxic)
    {
        await using Server server = new();
        await using ToxicProxy proxy = new(new IPEndPoint(IPAddress.Loopback, server.Port));
        proxy.Plan(_ => toxic);
        (string answer, bool reset) = await AskAsync(proxy.Port);
        return (answer, reset, proxy);
    }

    private static async Task<(string Answer, bool Reset)> AskAsync(int port)
    {
        using Socket client = await ConnectAsync(port);
        await client.SendAsync("POST / HTTP/1.1\r\n\r\n"u8.ToArray());
        StringBuilder answer = new();
        try
        {
            while (answer.Length < Whole.Length)
            {
                answer.Append(await ReadAsync(client, 1));
            }

            return (answer.ToString(), false);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return (answer.ToString(), true);
        }
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return client;
    }

    private static async Task<string> ReadAsync(Socket client, int length)
    {
        byte[] buffer = new byte[length];
        int read = 0;
        while (read < length)
        {
            int more = await client.ReceiveAsync(buffer.AsMemory(read)).AsTask().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.NotEqual(0, more);
            read += more;
        }

        return Encoding.ASCII.GetString(buffer);
    }

    /// <summary>Answers whatever comes with the same stream, and leaves connections open.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<Socket> _clients = [];
        private readonly Task _running;

        public Server()
        {
            _listener.Start();
            _running = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Requests { get; private set; }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _running;
            _clients.ForEach(client => client.Dispose());
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    Socket client = await _listener.AcceptSocketAsync();
                    _clients.Add(client);
                    _ = AnswerAsync(client);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }

        private async Task AnswerAsync(Socket client)
        {
            try
            {
                byte[] buffer = new byte[1024];
                while (await client.ReceiveAsync(buffer) > 0)
                {
                    Requests++;
                    await client.SendAsync(Encoding.ASCII.GetBytes(Whole));
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The link was cut.
            }
        }
    }
}

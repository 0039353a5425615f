using System.Net;
using System.Net.Sockets;

namespace Tiercel.Testing;

/// <summary>One connection through a <see cref="ToxicProxy"/>: two directions, and the exchanges that follow each other on it.</summary>
internal sealed class ToxicConnection(ToxicProxy proxy, Socket client, CancellationToken disposed) : IDisposable
{
    /// <summary>Slices of a second in which a slow link passes its bytes.</summary>
    private const int SlicesPerSecond = 10;

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private volatile ToxicExchange? _exchange;
    private volatile bool _swallows;
    private int _closed;

    public bool HasRunningStream => Volatile.Read(ref _closed) == 0 && _exchange is { IsStream: true, AnswerBegun: true, IsDone: false };

    public async Task RunAsync(IPEndPoint target)
    {
        client.NoDelay = true;
        try
        {
            await _server.ConnectAsync(target, disposed);
        }
        catch (Exception error) when (IsEnd(error))
        {
            Reset();
            return;
        }

        await Task.WhenAll(CarryAsync(RequestsAsync), CarryAsync(AnswersAsync));
        Close(reset: false);
    }

    /// <summary>Ends both sides with RST.</summary>
    public void Reset() => Close(reset: true);

    public void Dispose() => Close(reset: false);

    private static bool IsEnd(Exception error) => error is SocketException or OperationCanceledException or ObjectDisposedException;

    private async Task CarryAsync(Func<Task> direction)
    {
        try
        {
            await direction();
        }
        catch (Exception error) when (IsEnd(error))
        {
            // One side has gone; so does the other.
            Reset();
        }
    }

    private async Task RequestsAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            int read = await client.ReceiveAsync(buffer, disposed);
            if (read == 0)
            {
                Close(reset: false);
                return;
            }

            if (Swallows(read))
            {
                continue;
            }

            // Clients send one request after the other: bytes that come when an answer has begun are the next one.
            if (_exchange is null || _exchange.AnswerBegun)
            {
                bool post = buffer.AsSpan(0, read).StartsWith("POST "u8);
                _exchange = new ToxicExchange(post ? proxy.NextPlanned() : default) { IsStream = post };
            }

            await SendAsync(_server, buffer.AsMemory(0, read));
        }
    }

    private async Task AnswersAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            int read = await _server.ReceiveAsync(buffer, disposed);
            if (read == 0)
            {
                Close(reset: false);
                return;
            }

            if (Swallows(read) || _exchange is not ToxicExchange exchange)
            {
                continue;
            }

            bool struckBefore = exchange.Struck;
            int passed = exchange.Pass(buffer.AsSpan(0, read));
            bool strikes = exchange.Struck && !struckBefore;
            ToxicKind kind = exchange.Toxic.Kind;
            if (strikes && kind is ToxicKind.SwallowAfterEvents or ToxicKind.Corrupt)
            {
                // Certain from here on, and counted before the client can see anything of it.
                _swallows |= kind == ToxicKind.SwallowAfterEvents;
                proxy.Count(kind);
            }

            if (kind == ToxicKind.Slow)
            {
                await SendSlowlyAsync(exchange, buffer.AsMemory(0, passed));
                continue;
            }

            await SendAsync(client, buffer.AsMemory(0, passed));
            if (strikes && kind is ToxicKind.ResetBeforeHead or ToxicKind.ResetAfterHead or ToxicKind.ResetAfterEvents or ToxicKind.ResetBeforeDone)
            {
                proxy.Count(kind);
                Reset();
                return;
            }
        }
    }

    private bool Swallows(int bytes)
    {
        // A connection that lost bytes never passes any again.
        _swallows |= proxy.IsSilent;
        if (_swallows)
        {
            proxy.CountSwallowed(bytes);
        }

        return _swallows;
    }

    private async Task SendSlowlyAsync(ToxicExchange exchange, ReadOnlyMemory<byte> bytes)
    {
        int slice = Math.Max(1, exchange.Toxic.Amount / SlicesPerSecond);
        while (bytes.Length > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(1.0 / SlicesPerSecond), TimeProvider.System, disposed);
            int now = Math.Min(slice, bytes.Length);
            await SendAsync(client, bytes[..now]);
            bytes = bytes[now..];
            if (bytes.Length > 0 && !exchange.Struck)
            {
                exchange.Strike();
                proxy.Count(ToxicKind.Slow);
            }
        }
    }

    private async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await to.SendAsync(bytes, disposed)..];
        }
    }

    /// <summary>Closes both sides once.</summary>
    private void Close(bool reset)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1)
        {
            return;
        }

        foreach (Socket socket in (Socket[])[client, _server])
        {
            if (reset)
            {
                // Lingering for no time is what makes the kernel send RST.
                socket.LingerState = new LingerOption(true, 0);
            }

            socket.Dispose();
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// A foreign engine that sends as much as it is let: events without an end, or one line without an end. What it sends is counted for each request, and ends
/// at a size that shows that nobody held it back.
/// </summary>
internal sealed class FloodEngine : IAsyncDisposable
{
    /// <summary>Bytes of a stream at which it is clear that nothing holds it back.</summary>
    public const long Unbounded = 64L << 20;

    private static readonly string Text = new('x', 4096);
    private static readonly byte[] Event = Encoding.UTF8.GetBytes(
        $$$"""data: {"id":"f","object":"chat.completion.chunk","created":1,"model":"flood","choices":[{"index":0,"delta":{"content":"{{{Text}}}"},"finish_reason":null}]}""" + "\n\n");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;
    private long _bytes;
    private int _begun;
    private int _running;
    private int _unbounded;

    public FloodEngine()
    {
        _listener.Start(backlog: 512);
        _accepting = AcceptAsync();
    }

    public static int EventBytes => Event.Length;

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>Bytes sent in all.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Streams that have begun.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>Streams that have not ended yet.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Streams that nobody held back.</summary>
    public int UnboundedStreams => Volatile.Read(ref _unbounded);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        List<Task> answers = [];
        try
        {
            while (true)
            {
                answers.Add(AnswerAsync(await _listener.AcceptSocketAsync()));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It was stopped.
        }

        await Task.WhenAll(answers);
    }

    private async Task AnswerAsync(Socket accepted)
    {
        using Socket client = accepted;
        try
        {
            string request = await ReadAsync(client);
            if (!request.StartsWith("POST", StringComparison.Ordinal))
            {
                await client.SendAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
                return;
            }

            Interlocked.Increment(ref _begun);
            Interlocked.Increment(ref _running);
            try
            {
                await FloodAsync(client, isLine: request.Contains("endless line", StringComparison.Ordinal));
                Interlocked.Increment(ref _unbounded);
            }
            finally
            {
                Interlocked.Decrement(ref _running);
            }
        }
        catch (SocketException)
        {
            // It was cut off, as it should be.
        }
    }

    private async Task FloodAsync(Socket client, bool isLine)
    {
        await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"u8.ToArray());
        long sent = await SendAsync(client, Event);
        byte[] more = isLine ? Encoding.UTF8.GetBytes(Text) : Event;
        if (isLine)
        {
            sent += await SendAsync(client, "data: {\"a\":\""u8.ToArray());
        }

        while (sent < Unbounded)
        {
            sent += await SendAsync(client, more);
        }
    }

    /// <summary>A request whole: its body is one JSON object, so that its end is known by its last letter.</summary>
    private static async Task<string> ReadAsync(Socket client)
    {
        StringBuilder text = new();
        byte[] buffer = new byte[4096];
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) || (text[0] == 'P' && text[^1] != '}'))
        {
            int count = await client.ReceiveAsync(buffer);
            if (count == 0)
            {
                break;
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    private async ValueTask<long> SendAsync(Socket client, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await client.SendAsync(bytes.AsMemory(sent));
        }

        Interlocked.Add(ref _bytes, bytes.Length);
        return bytes.Length;
    }
}

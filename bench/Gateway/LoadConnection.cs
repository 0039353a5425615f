using System.Net;
using System.Net.Sockets;

namespace Tiercel.Bench.Gateway;

/// <summary>A client that costs little: one blocking socket, bytes that are ready, and just enough reading to find an answer's end.</summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
    private readonly byte[] _buffer = new byte[256 * 1024];

    public LoadConnection(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Sends a request and reads its answer to the end.</summary>
    public void Exchange(byte[] request)
    {
        Send(request);
        int have = 0;
        int total = -1;
        while (true)
        {
            have += Receive(have);
            ReadOnlySpan<byte> all = _buffer.AsSpan(0, have);
            int head = total == -1 ? all.IndexOf("\r\n\r\n"u8) : 0;
            if (head < 0)
            {
                continue;
            }

            if (total == -1)
            {
                if (!all.StartsWith("HTTP/1.1 200"u8))
                {
                    throw new InvalidOperationException("not 200: " + System.Text.Encoding.UTF8.GetString(all));
                }

                int length = Length(all[..head]);
                total = length < 0 ? int.MaxValue : head + 4 + length;
            }

            if (have >= total || (total == int.MaxValue && all.EndsWith("\r\n0\r\n\r\n"u8)))
            {
                return;
            }
        }
    }

    /// <summary>Sends a request and reads only until the first event is there.</summary>
    public void Begin(byte[] request)
    {
        Send(request);
        int have = 0;
        while (_buffer.AsSpan(0, have).IndexOf("data: "u8) < 0)
        {
            have += Receive(have);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static int Length(ReadOnlySpan<byte> head)
    {
        int at = head.IndexOf("ontent-"u8);
        while (at >= 0)
        {
            head = head[(at + 7)..];
            if ((head[0] | 0x20) == 'l' && head[1..].StartsWith("ength: "u8))
            {
                int end = head[8..].IndexOf((byte)'\r');
                return int.Parse(end < 0 ? head[8..] : head.Slice(8, end), System.Globalization.CultureInfo.InvariantCulture);
            }

            at = head.IndexOf("ontent-"u8);
        }

        return -1;
    }

    private void Send(byte[] request)
    {
        int sent = 0;
        while (sent < request.Length)
        {
            sent += _socket.Send(request, sent, request.Length - sent, SocketFlags.None);
        }
    }

    private int Receive(int have)
    {
        int read = _socket.Receive(_buffer, have, _buffer.Length - have, SocketFlags.None);
        return read > 0 ? read : throw new InvalidOperationException("the connection was closed: " + System.Text.Encoding.UTF8.GetString(_buffer, 0, have));
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>The server's side of one connection of a <see cref="ScriptedUpstream"/>.</summary>
internal sealed class ScriptedConnection(ScriptedUpstream upstream, Socket socket, CancellationToken stopping) : IDisposable
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private readonly StringBuilder _unread = new();

    /// <summary>Of the server.</summary>
    public int Port => upstream.Port;

    /// <summary>Reads a request whole; null when the peer has closed.</summary>
    public async Task<string?> ReadRequestAsync()
    {
        while (true)
        {
            if (Whole(_unread.ToString()) is int length)
            {
                string request = _unread.ToString(0, length);
                _unread.Remove(0, length);
                upstream.Requests.Enqueue(request);
                return request;
            }

            int read = await socket.ReceiveAsync(_buffer, stopping);
            if (read == 0)
            {
                return null;
            }

            _unread.Append(Encoding.Latin1.GetString(_buffer, 0, read));
        }
    }

    /// <summary>Reads a little of a request and no more.</summary>
    public async Task<int> ReadSomeAsync() => await socket.ReceiveAsync(_buffer.AsMemory(0, 100), stopping);

    public async Task SendAsync(string bytes)
    {
        byte[] all = Encoding.Latin1.GetBytes(bytes);
        int sent = 0;
        while (sent < all.Length)
        {
            sent += await socket.SendAsync(all.AsMemory(sent), stopping);
        }
    }

    /// <summary>Tells the test that the script has come so far.</summary>
    public void Note(string what) => upstream.Done.Enqueue(what);

    /// <summary>Closes with a reset: what the peer has not read is gone with it.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
        upstream.Done.Enqueue("reset");
    }

    /// <summary>Waits until the peer's program has taken everything that was sent, so that a reset takes nothing away from it.</summary>
    public async Task PeerHasReadAsync()
    {
        while (OperatingSystem.IsLinux() && IsOpen(out bool arrived) && !(arrived && QueuedAtPeer() == 0))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, stopping);
        }
    }

    /// <summary>Waits until the peer's kernel has everything that was sent: a peer that looks sees it.</summary>
    public async Task PeerHasItAsync()
    {
        while (OperatingSystem.IsLinux() && IsOpen(out bool arrived) && !arrived)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, stopping);
        }
    }

    /// <summary>Waits until the peer closes.</summary>
    public async Task UntilClosedAsync()
    {
        try
        {
            while (await socket.ReceiveAsync(_buffer, stopping) > 0)
            {
                // Whatever it says.
            }
        }
        catch (SocketException)
        {
            // A reset is a close as well.
        }

        upstream.Done.Enqueue("peer closed");
    }

    public void Dispose() => socket.Dispose();

    /// <summary>Whether both sides are open, and whether all that was sent has come to the peer's kernel (Linux's <c>TCP_INFO</c>).</summary>
    private bool IsOpen(out bool arrived)
    {
        const int Tcp = 6;
        const int TcpInfo = 11;
        const byte Established = 1;
        const int Unacknowledged = 24;
        Span<byte> info = stackalloc byte[Unacknowledged + sizeof(uint)];
        socket.GetRawSocketOption(Tcp, TcpInfo, info);
        arrived = BitConverter.ToUInt32(info[Unacknowledged..]) == 0;
        return info[0] == Established;
    }

    /// <summary>
    /// Bytes that the kernel holds for the peer's program: on loopback the peer's socket is in the same table, which may pass it over
    /// while others come and go (null).
    /// </summary>
    private long? QueuedAtPeer()
    {
        string peer = $":{((IPEndPoint)socket.RemoteEndPoint!).Port:X4}";
        string own = $":{((IPEndPoint)socket.LocalEndPoint!).Port:X4}";
        foreach (string line in ((string[])["/proc/net/tcp", "/proc/net/tcp6"]).Where(File.Exists).SelectMany(File.ReadLines))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[1].EndsWith(peer, StringComparison.Ordinal) && fields[2].EndsWith(own, StringComparison.Ordinal))
            {
                return Convert.ToInt64(fields[4].Split(':')[1], 16);
            }
        }

        return null;
    }

    private static int? Whole(string bytes)
    {
        int head = bytes.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
        {
            return null;
        }

        const string Name = "Content-Length: ";
        int at = bytes.IndexOf(Name, StringComparison.Ordinal);
        int length = at < 0 || at > head ? 0 : int.Parse(bytes.AsSpan(at + Name.Length, bytes.IndexOf('\r', at) - at - Name.Length), System.Globalization.CultureInfo.InvariantCulture);
        return bytes.Length >= head + 4 + length ? head + 4 + length : null;
    }
}

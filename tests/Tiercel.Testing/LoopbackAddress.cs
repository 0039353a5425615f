using System.Net;
using System.Net.Sockets;

namespace Tiercel.Testing;

/// <summary>
/// Addresses of the loopback network that nobody else uses. A test that closes a port and opens it again, or that wants one where nobody listens, needs one:
/// on 127.0.0.1 any program may be given the port in between, even as the port of a connection that it opens.
/// </summary>
public static class LoopbackAddress
{
    private static int _last;

    /// <summary>An address of this process and, unless it asks for more than a thousand, of one caller. Systems that have only one give that one.</summary>
    public static IPAddress Next()
    {
        if (OperatingSystem.IsMacOS())
        {
            return IPAddress.Loopback;
        }

        // From 127.64.0.0 up: one part is the process, the other the caller.
        uint number = ((uint)Environment.ProcessId % 4096 * 1024) + ((uint)Interlocked.Increment(ref _last) % 1024);
        return new IPAddress([127, (byte)(64 + (number >> 16)), (byte)(number >> 8), (byte)number]);
    }

    /// <summary>A free port of such an address, at which nobody listens until the caller does.</summary>
    public static IPEndPoint Nobodys()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(Next(), 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}

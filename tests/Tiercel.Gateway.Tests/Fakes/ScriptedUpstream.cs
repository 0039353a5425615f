using System.Net;
using System.Net.Sockets;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>A server that answers with bytes of a script, however wrong they are, and notes what it was sent and what it did.</summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<ScriptedConnection, Task> _script;
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;
    private int _accepted;

    public ScriptedUpstream(Func<ScriptedConnection, Task> script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Requests that were read whole, heads and bodies.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What the script has done, as it says.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Done { get; } = new();

    /// <summary>A server that gives the same bytes to each request, and keeps the connection.</summary>
    public static ScriptedUpstream Answering(string answer) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is not null)
        {
            await connection.SendAsync(answer);
        }
    });

    public UpstreamSettings Settings(UpstreamKind kind = UpstreamKind.OpenAI) => new()
    {
        Name = "scripted",
        Kind = kind,
        Url = new Uri($"http://127.0.0.1:{Port}"),
        ConnectTimeout = TestGateway.Watchdog,
        FirstByteTimeout = TestGateway.Watchdog,
        IdleTimeout = TestGateway.Watchdog,
    };

    public HttpUpstream Connect(Func<UpstreamSettings, UpstreamSettings>? settings = null, HttpUpstreamOptions? options = null) =>
        new(0, (settings ?? (same => same))(Settings()), options ?? new HttpUpstreamOptions { Time = TimeProvider.System });

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;

        // A script may wait for something that only its test brings about. If that failed before, it is to be heard of that, and not to hang here.
        Task scripts = Task.WhenAll(_connections);
        if (await Task.WhenAny(scripts, Task.Delay(TestGateway.Watchdog, TimeProvider.System)) == scripts)
        {
            await scripts;
        }

        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_stopping.Token);
                socket.NoDelay = true;
                Interlocked.Increment(ref _accepted);
                _connections.Add(ServeAsync(new ScriptedConnection(this, socket, _stopping.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task ServeAsync(ScriptedConnection connection)
    {
        await Task.Yield();
        string end = "script";
        try
        {
            await _script(connection);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            end = "peer gone";
        }
        finally
        {
            connection.Dispose();
        }

        // Told once the connection is closed: who waits for this may rely on it.
        Done.Enqueue(end);
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tiercel.Testing;

/// <summary>
/// A TCP link between a client and an HTTP/1.1 server on this machine, with faults on demand: single exchanges are struck as planned, or the whole link is cut
/// (connections are reset and new ones refused) or goes silent. It counts what it did, so that a test can show that a fault has happened, and to whom.
/// </summary>
public sealed class ToxicProxy : IAsyncDisposable
{
    private readonly IPEndPoint _target;
    private readonly ConcurrentDictionary<ToxicConnection, Task> _connections = [];
    private readonly ConcurrentDictionary<ToxicKind, int> _struck = [];
    private readonly Socket _keeper;
    private readonly CancellationTokenSource _disposed = new();
    private Func<int, Toxic> _plan = static _ => default;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private int _exchanges = -1;
    private int _cut;
    private int _swallowed;
    private long _swallowedBytes;

    /// <param name="target">Where the server is.</param>
    public ToxicProxy(IPEndPoint target)
    {
        _target = target;

        // Bound and never listening, so that the port stays ours while connections to it are refused.
        _keeper = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _keeper.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)_keeper.LocalEndPoint!).Port;
        Listen();
    }

    public int Port { get; }

    /// <summary>POSTs that began since the last plan.</summary>
    public int Exchanges => Volatile.Read(ref _exchanges) + 1;

    /// <summary>Streams that ran and were reset when the link was cut.</summary>
    public int CutStreams => Volatile.Read(ref _cut);

    /// <summary>Streams that ran when the link went silent.</summary>
    public int SilencedStreams => Volatile.Read(ref _swallowed);

    /// <summary>Bytes that were taken and not passed on, by silence or <see cref="ToxicKind.SwallowAfterEvents"/>.</summary>
    public long SwallowedBytes => Interlocked.Read(ref _swallowedBytes);

    /// <summary>Streams that run now: their answer has begun and has not ended.</summary>
    public int RunningStreams => _connections.Keys.Count(connection => connection.HasRunningStream);

    internal bool IsSilent { get; private set; }

    /// <summary>Exchanges that a kind of fault has struck.</summary>
    public int Struck(ToxicKind kind) => _struck.GetValueOrDefault(kind);

    /// <summary>What becomes of the exchanges from now on, by their number from 0; only POSTs are exchanges.</summary>
    public void Plan(Func<int, Toxic> plan)
    {
        _plan = plan;
        Volatile.Write(ref _exchanges, -1);
    }

    /// <summary>Resets every connection and refuses new ones.</summary>
    public void Cut()
    {
        _listener?.Dispose();
        _listener = null;
        ResetAll(ref _cut);
    }

    /// <summary>From now on every byte is taken and none is passed on.</summary>
    public void Silence()
    {
        IsSilent = true;
        Interlocked.Add(ref _swallowed, RunningStreams);
    }

    /// <summary>Ends <see cref="Cut"/> and <see cref="Silence"/>. Connections that lost bytes are reset.</summary>
    public void Heal()
    {
        if (IsSilent)
        {
            // In this order: one that comes in between has lost nothing, or is among those that are reset.
            IsSilent = false;
            int none = 0;
            ResetAll(ref none);
        }

        if (_listener is null)
        {
            Listen();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _listener?.Dispose();
        int none = 0;
        ResetAll(ref none);
        await _accepting;
        await Task.WhenAll(_connections.Values);
        _keeper.Dispose();
        _disposed.Dispose();
    }

    internal Toxic NextPlanned() => _plan(Interlocked.Increment(ref _exchanges));

    internal void CountSwallowed(int bytes) => Interlocked.Add(ref _swallowedBytes, bytes);

    internal void Count(ToxicKind kind) => _struck.AddOrUpdate(kind, 1, static (_, count) => count + 1);

    private void ResetAll(ref int running)
    {
        foreach (ToxicConnection connection in _connections.Keys)
        {
            if (connection.HasRunningStream)
            {
                Interlocked.Increment(ref running);
            }

            connection.Reset();
        }
    }

    private void Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen(512);
        _listener = listener;
        _accepting = AcceptAsync(listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync(_disposed.Token);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }

            ToxicConnection connection = new(this, client, _disposed.Token);
            _connections[connection] = Task.CompletedTask;
            _connections[connection] = CarryAsync(connection);
            if (_listener != listener)
            {
                // Cut between the accept and here.
                connection.Reset();
            }
        }
    }

    private async Task CarryAsync(ToxicConnection connection)
    {
        await connection.RunAsync(_target);
        _connections.TryRemove(connection, out _);
    }
}

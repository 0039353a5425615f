using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Identity;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// The connections to one upstream: those that are idle, last used first, and all, whose deadlines are looked at together. The lock is held for a few
/// instructions.
/// </summary>
internal sealed class ConnectionPool : IAsyncDisposable
{
    /// <summary>Granularity of all timeouts.</summary>
    private static readonly TimeSpan Sweep = TimeSpan.FromMilliseconds(100);

    /// <summary>uvicorn, under which vLLM and SGLang run, closes after five idle seconds. A connection that is closed a little earlier here is never one that the peer is just closing.</summary>
    private static readonly TimeSpan ForeignKeepAlive = TimeSpan.FromSeconds(4);

    /// <summary>Connections beyond the upstream's limit, for probes of a full one.</summary>
    private const int SpareConnections = 8;

    private readonly UpstreamSettings _settings;
    private readonly HttpUpstreamOptions _options;
    private readonly EndPoint _address;
    private readonly FollowedFiles<SslClientAuthenticationOptions>? _tls;
    private readonly Lock _lock = new();
    private readonly List<UpstreamConnection> _all = [];
    private readonly Stack<UpstreamConnection> _idle = new();
    private readonly ITimer _sweeper;
    private readonly long _keepAlive;
    private int _connecting;
    private bool _isClosed;

    public ConnectionPool(UpstreamSettings settings, HttpUpstreamOptions options)
    {
        _settings = settings;
        _options = options;
        Uri url = settings.Url!;
        string host = url.IdnHost;
        _address = IPAddress.TryParse(host, out IPAddress? ip) ? new IPEndPoint(ip, url.Port) : new DnsEndPoint(host, url.Port);
        TlsSettings? identity = settings.Kind == UpstreamKind.Tiercel ? options.ClusterTls : null;
        _tls = url.Scheme == Uri.UriSchemeHttps
            ? new FollowedFiles<SslClientAuthenticationOptions>(identity?.Files ?? [], () => UpstreamTls.Options(host, identity), options.Time)
            : null;
        TimeSpan keepAlive = settings.Kind == UpstreamKind.Tiercel || options.KeepAlive < ForeignKeepAlive ? options.KeepAlive : ForeignKeepAlive;
        _keepAlive = (long)(keepAlive.TotalSeconds * options.Time.TimestampFrequency);
        _sweeper = options.Time.CreateTimer(static pool => ((ConnectionPool)pool!).SweepAll(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Connections that exist, idle ones too.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
            {
                return _all.Count;
            }
        }
    }

    public int Idle
    {
        get
        {
            lock (_lock)
            {
                return _idle.Count;
            }
        }
    }

    /// <summary>Takes an idle connection that is still alive.</summary>
    public UpstreamConnection? TryTake()
    {
        while (true)
        {
            UpstreamConnection? connection;
            lock (_lock)
            {
                if (!_idle.TryPop(out connection))
                {
                    return null;
                }
            }

            if (!connection.IsStale())
            {
                return connection;
            }

            Discard(connection);
        }
    }

    /// <summary>Opens a connection.</summary>
    public async ValueTask<UpstreamConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_isClosed || _all.Count + _connecting >= _settings.MaxConcurrency + SpareConnections)
            {
                throw new UpstreamException(new UpstreamFailure(UpstreamFailureKind.Saturated, false, "all connections to the upstream are in use"));
            }

            _connecting++;
        }

        UpstreamConnection? connection = null;
        try
        {
            connection = await OpenAsync(cancellationToken);
            return connection;
        }
        finally
        {
            bool isClosed;
            lock (_lock)
            {
                _connecting--;
                isClosed = _isClosed;
                if (connection is not null && !isClosed)
                {
                    connection.PoolSlot = _all.Count;
                    _all.Add(connection);
                    if (_all.Count == 1)
                    {
                        _ = _sweeper.Change(Sweep, Sweep);
                    }
                }
            }

            if (isClosed)
            {
                connection?.Abort();
            }
        }
    }

    /// <summary>Takes back a connection whose exchange is over to its last byte.</summary>
    public void Return(UpstreamConnection connection)
    {
        if (!connection.Deadline.TryClear())
        {
            Discard(connection);
            return;
        }

        connection.Buffer.Reset();
        connection.IdleSince = _options.Time.GetTimestamp();
        lock (_lock)
        {
            if (!_isClosed)
            {
                _idle.Push(connection);
                return;
            }
        }

        Discard(connection);
    }

    /// <summary>Closes a connection.</summary>
    public void Discard(UpstreamConnection connection)
    {
        connection.Close();
        lock (_lock)
        {
            int slot = connection.PoolSlot;
            if (slot < _all.Count && _all[slot] == connection)
            {
                UpstreamConnection last = _all[^1];
                _all[slot] = last;
                last.PoolSlot = slot;
                _all.RemoveAt(_all.Count - 1);
            }

            if (_all.Count == 0)
            {
                _ = _sweeper.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Closes all connections, those in use too.</summary>
    public async ValueTask DisposeAsync()
    {
        UpstreamConnection[] all;
        lock (_lock)
        {
            _isClosed = true;
            all = [.. _all];
            _all.Clear();
            _idle.Clear();
        }

        await _sweeper.DisposeAsync();
        Array.ForEach(all, connection => connection.Abort());
    }

    private void SweepAll()
    {
        long now = _options.Time.GetTimestamp();
        List<UpstreamConnection>? late = null;
        List<UpstreamConnection>? old = null;
        lock (_lock)
        {
            foreach (UpstreamConnection connection in _all)
            {
                if (connection.Deadline.TryPass(now))
                {
                    (late ??= []).Add(connection);
                }
            }

            if (_idle.Count > 0 && _idle.Any(connection => now - connection.IdleSince >= _keepAlive))
            {
                UpstreamConnection[] idle = [.. _idle];
                _idle.Clear();
                for (int i = idle.Length - 1; i >= 0; i--)
                {
                    if (now - idle[i].IdleSince >= _keepAlive)
                    {
                        (old ??= []).Add(idle[i]);
                    }
                    else
                    {
                        _idle.Push(idle[i]);
                    }
                }
            }
        }

        // Outside of the lock: whoever waits on such a connection goes on inside of the call.
        late?.ForEach(connection => connection.Abort());
        old?.ForEach(Discard);
    }

    private async Task<UpstreamConnection> OpenAsync(CancellationToken cancellationToken)
    {
        Socket socket = _address is IPEndPoint ip
            ? new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        using CancellationTokenSource timeout = new(_settings.ConnectTimeout, _options.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        SslStream? tls = null;
        try
        {
            await socket.ConnectAsync(_address, either.Token);
            if (_tls is not null)
            {
                tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await tls.AuthenticateAsClientAsync(_tls.Current, either.Token);
            }

            return new UpstreamConnection(socket, tls, _options.Time, _options);
        }
        catch (Exception error)
        {
            tls?.Dispose();
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw Refused(error, tls is not null);
        }
    }

    private static UpstreamException Refused(Exception error, bool isHandshake)
    {
        (UpstreamFailureKind kind, string detail) = error switch
        {
            OperationCanceledException => (UpstreamFailureKind.ConnectTimeout, "no connection within the connect timeout"),
            _ when isHandshake || error is AuthenticationException => (UpstreamFailureKind.Tls, $"the TLS handshake failed: {error.Message}"),
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => (UpstreamFailureKind.ConnectRefused, "the connection was refused"),
            SocketException { SocketErrorCode: SocketError.TimedOut } => (UpstreamFailureKind.ConnectTimeout, "no connection within the connect timeout"),
            SocketException socket => (UpstreamFailureKind.Unreachable, $"no connection: {socket.SocketErrorCode}"),
            _ => (UpstreamFailureKind.Unreachable, $"no connection: {error.Message}"),
        };
        return new UpstreamException(new UpstreamFailure(kind, false, detail), error);
    }
}

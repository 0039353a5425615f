using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>A connection that carries one exchange after the other. Not for concurrent use; only <see cref="Abort"/> and <see cref="Cancel"/> come from elsewhere.</summary>
internal sealed class UpstreamConnection(Socket socket, SslStream? tls, TimeProvider time, HttpUpstreamOptions options)
{
    private readonly ReceiveBuffer _buffer = new(options.MaxBufferedBytes);
    private readonly RequestHeadWriter _head = new();
    private readonly Deadline _deadline = new(time);
    private bool _isCancelled;
    private bool _isRequestSent;

    /// <summary>Where it stands in its pool's list of all connections.</summary>
    public int PoolSlot { get; set; }

    /// <summary>Exchanges that it has carried.</summary>
    public int Uses { get; set; }

    /// <summary>Timestamp of the last use.</summary>
    public long IdleSince { get; set; }

    public bool IsRequestSent => _isRequestSent;

    public ReceiveBuffer Buffer => _buffer;

    public Deadline Deadline => _deadline;

    /// <summary>Whether the peer has closed, or sent something nobody asked for, while the connection was idle.</summary>
    public bool IsStale()
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <summary>Gets ready for an exchange, whose first byte of body must be there in time.</summary>
    /// <returns>False when the connection is dead.</returns>
    public bool TryBegin(TimeSpan firstByteTimeout)
    {
        Uses++;
        _isRequestSent = false;
        return _deadline.TrySet(firstByteTimeout, UpstreamFailureKind.FirstByteTimeout);
    }

    /// <summary>Closes the connection because its owner was cancelled.</summary>
    public void Cancel()
    {
        Volatile.Write(ref _isCancelled, true);
        Abort();
    }

    /// <summary>Closes the connection under whoever waits on it.</summary>
    public void Abort() => socket.Dispose();

    /// <summary>Closes the connection; nobody waits on it.</summary>
    public void Close()
    {
        tls?.Dispose();
        socket.Dispose();
        _buffer.Abandon();
    }

    /// <summary>Sends everything, small pieces together.</summary>
    public async ValueTask SendAsync(UpstreamRequest request, string basePath, byte[] fixedFields)
    {
        _head.Write(request, basePath, fixedFields);
        try
        {
            IReadOnlyList<ReadOnlyMemory<byte>> body = request.Body;
            for (int i = 0; i < body.Count; i++)
            {
                ReadOnlyMemory<byte> piece = body[i];
                if (_head.TryAppend(piece.Span))
                {
                    continue;
                }

                await SendPieceAsync(_head.Written);
                _head.Clear();
                if (!_head.TryAppend(piece.Span))
                {
                    await SendPieceAsync(piece);
                }
            }

            await SendPieceAsync(_head.Written);
            _isRequestSent = true;
            _head.Release();
        }
        catch (Exception error) when (IsBreak(error))
        {
            throw Failed(error, "the connection broke while the request was sent");
        }
    }

    /// <summary>Waits for more bytes under the deadline that is set.</summary>
    /// <returns>False at the end of the connection.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync()
    {
        try
        {
            int received = await StartReceive();
            _buffer.Received(received);
            return received > 0;
        }
        catch (Exception error) when (IsBreak(error))
        {
            throw Failed(error, "the connection broke before the answer was complete");
        }
    }

    /// <summary>Begins to receive into the buffer's room.</summary>
    public ValueTask<int> StartReceive()
    {
        Memory<byte> room = _buffer.Room();
        if (room.IsEmpty)
        {
            throw new UpstreamException(new UpstreamFailure(UpstreamFailureKind.TooLong, _isRequestSent, "the answer is larger than may be held"));
        }

        try
        {
            return tls is null ? socket.ReceiveAsync(room, SocketFlags.None) : tls.ReadAsync(room);
        }
        catch (Exception error) when (IsBreak(error))
        {
            throw Failed(error, "the connection broke before the answer was complete");
        }
    }

    /// <summary>Takes the bytes of a receive that is over.</summary>
    public int EndReceive(ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter receive)
    {
        try
        {
            int received = receive.GetResult();
            _buffer.Received(received);
            return received;
        }
        catch (Exception error) when (IsBreak(error))
        {
            throw Failed(error, "the connection broke before the answer was complete");
        }
    }

    /// <summary>The failure of an exchange on this connection, by what is known to have happened to it.</summary>
    public Exception Failed(Exception? cause, string detail)
    {
        if (Volatile.Read(ref _isCancelled))
        {
            return new OperationCanceledException("The request was cancelled.", cause);
        }

        return _deadline.HasPassed
            ? new UpstreamException(
                new UpstreamFailure(
                    _deadline.Kind,
                    _isRequestSent,
                    _deadline.Kind == UpstreamFailureKind.IdleTimeout ? "the upstream has been silent for too long" : "the upstream did not answer in time"),
                cause)
            : new UpstreamException(new UpstreamFailure(UpstreamFailureKind.Reset, _isRequestSent, detail), cause);
    }

    public UpstreamException Malformed(string detail) => new(new UpstreamFailure(UpstreamFailureKind.Malformed, _isRequestSent, detail));

    private static bool IsBreak(Exception error) => error is SocketException or ObjectDisposedException or (IOException and not UpstreamException);

    private async ValueTask SendPieceAsync(ReadOnlyMemory<byte> piece)
    {
        if (tls is not null)
        {
            await tls.WriteAsync(piece);
            return;
        }

        while (piece.Length > 0)
        {
            piece = piece[await socket.SendAsync(piece, SocketFlags.None)..];
        }
    }
}

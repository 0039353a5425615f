using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// The body of an answer as a pipe: what it gives is always one contiguous segment of the connection's buffer. Nothing is received until somebody reads,
/// so that a slow reader slows the upstream down.
/// </summary>
internal sealed class HttpBodyReader : PipeReader
{
    /// <summary>How long the end of a body is waited for once its owner has all that it wants.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    private readonly ConnectionPool _pool;
    private readonly TimeSpan _idleTimeout;
    private readonly AnswerHead _head;
    private readonly CancellationTokenRegistration _cancellation;
    private readonly PendingReceive _receive;
    private UpstreamConnection? _connection;
    private ChunkDecoder _chunks;
    private long _remaining;
    private int _examined;
    private string? _wrong;
    private bool _hasBegun;
    private bool _isWhole;
    private bool _isEndExpected;

    public HttpBodyReader(
        ConnectionPool pool, UpstreamConnection connection, AnswerHead head, TimeSpan idleTimeout, CancellationTokenRegistration cancellation)
    {
        _pool = pool;
        _connection = connection;
        _receive = new PendingReceive(connection);
        _head = head;
        _idleTimeout = idleTimeout;
        _cancellation = cancellation;
        _remaining = head.Framing == BodyFraming.UntilClose ? long.MaxValue : head.Length;
    }

    private UpstreamConnection Connection => _connection ?? throw new ObjectDisposedException(nameof(HttpBodyReader));

    public override bool TryRead(out ReadResult result)
    {
        UpstreamConnection connection = Connection;
        Decode(connection);
        bool isReady = connection.Buffer.BodyLength > _examined || _isWhole;
        if (!isReady && _wrong is not null)
        {
            throw connection.Malformed(_wrong);
        }

        result = isReady ? Result(connection, isCanceled: false) : default;
        return isReady;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out ReadResult result) ? new ValueTask<ReadResult>(result) : ReceiveAsync(cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // The one segment is an array's, and positions in it count from the array's beginning.
        ReceiveBuffer buffer = Connection.Buffer;
        int taken = consumed.GetInteger() - buffer.BodyStart;
        buffer.ConsumeBody(taken);
        _examined = examined.GetInteger() - buffer.BodyStart;
    }

    /// <summary>Makes the read that waits, or else the next one that would, return with what there is.</summary>
    public override void CancelPendingRead() => _receive.CancelWait();

    public override void Complete(Exception? exception = null) => Release();

    /// <summary>Says that what is left is only the framing's end, which is then waited for a little, so that the connection can be used again.</summary>
    public void ExpectEnd() => _isEndExpected = true;

    public void Release()
    {
        UpstreamConnection? connection = Interlocked.Exchange(ref _connection, null);
        if (connection is null)
        {
            return;
        }

        if (_isEndExpected && !_isWhole)
        {
            _ = FinishAsync(connection);
            return;
        }

        Put(connection);
    }

    private void Put(UpstreamConnection connection)
    {
        _cancellation.Dispose();

        // Bytes beyond the answer belong to nobody; whatever they are, they must not be the next one's answer.
        if (_isWhole && _head.KeepAlive && connection.IsRequestSent && connection.Buffer.Raw.IsEmpty && !_receive.IsPending)
        {
            _pool.Return(connection);
            return;
        }

        _pool.Discard(connection);
    }

    private ReadResult Result(UpstreamConnection connection, bool isCanceled) =>
        new(new ReadOnlySequence<byte>(connection.Buffer.Body), isCanceled, _isWhole);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReceiveAsync(CancellationToken cancellationToken)
    {
        UpstreamConnection connection = Connection;

        // The request's own token closes the connection already; only another one must be told to.
        bool isForeign = cancellationToken.CanBeCanceled && cancellationToken != _cancellation.Token;
        using CancellationTokenRegistration registration = isForeign
            ? cancellationToken.UnsafeRegister(static state => ((UpstreamConnection)state!).Cancel(), connection)
            : default;
        while (true)
        {
            if (!await ReceiveMoreAsync(connection, _idleTimeout))
            {
                return Result(connection, isCanceled: true);
            }

            if (TryRead(out ReadResult result))
            {
                return result;
            }
        }
    }

    /// <returns>False when the wait was cancelled; the receive goes on.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReceiveMoreAsync(UpstreamConnection connection, TimeSpan timeout)
    {
        // The deadline of the first byte stands until it came; afterwards each receive has its own, and none runs while nobody waits.
        if (_hasBegun && !_receive.IsPending && !connection.Deadline.TrySet(timeout, UpstreamFailureKind.IdleTimeout))
        {
            throw connection.Failed(null, "");
        }

        if (!_receive.Start() && !await _receive.WaitAsync())
        {
            return false;
        }

        int received = _receive.Take();
        if (_hasBegun)
        {
            ClearDeadline(connection);
        }

        if (received == 0)
        {
            if (_head.Framing != BodyFraming.UntilClose)
            {
                throw connection.Failed(null, "the connection ended before the answer did");
            }

            _remaining = 0;
        }

        return true;
    }

    private void Decode(UpstreamConnection connection)
    {
        if (_isWhole)
        {
            return;
        }

        ReceiveBuffer buffer = connection.Buffer;
        if (_head.Framing == BodyFraming.Chunked)
        {
            // What came before the fault is good; the fault is told once that is taken.
            _wrong ??= buffer.TakeChunks(ref _chunks);
            _isWhole = _chunks.IsComplete;
        }
        else
        {
            _remaining -= buffer.TakeRaw(_remaining);
            _isWhole = _remaining == 0;
        }

        if (!_hasBegun && (_isWhole || buffer.BodyLength > 0))
        {
            _hasBegun = true;
            ClearDeadline(connection);
        }
    }

    private static void ClearDeadline(UpstreamConnection connection)
    {
        if (!connection.Deadline.TryClear())
        {
            throw connection.Failed(null, "");
        }
    }

    private async Task FinishAsync(UpstreamConnection connection)
    {
        try
        {
            // Whatever the client was never given does not count: only framing may follow.
            connection.Buffer.ConsumeBody(connection.Buffer.BodyLength);
            Decode(connection);
            _hasBegun = true;
            while (!_isWhole && _wrong is null && connection.Buffer.BodyLength == 0 && await ReceiveMoreAsync(connection, EndTimeout))
            {
                Decode(connection);
            }
        }
        catch (Exception error) when (error is UpstreamException or OperationCanceledException)
        {
            // The owner has its answer; only the connection is lost, and Put closes it.
        }

        Put(connection);
    }
}

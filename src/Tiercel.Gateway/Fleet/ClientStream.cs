using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The client's side of one streamed answer: its head, its bytes, and the clock of its silence. The pulse of the fleet looks at it from another thread,
/// and only ever cancels a pending read (so that the pump may send a ping) or cuts a client that reads nothing.
/// </summary>
internal sealed class ClientStream(HttpContext context, FleetClock clock, SocketTurns turns)
{
    /// <summary>Bytes that may leave with the end of the answer.</summary>
    private const int MaxUnflushedBytes = 32 * 1024;

    private static readonly byte[] Ping = ": ping\n\n"u8.ToArray();
    private readonly PipeWriter _output = context.Response.BodyWriter;
    private readonly Lock _end = new();
    private PipeReader? _pending;
    private TaskCompletionSource? _nudge;
    private long _lastWriteTicks = clock.Now.Ticks;
    private long _flushingSinceTicks;
    private int _readsInARow;
    private bool _isClosed;

    /// <summary>Whether the head is on its way, after which a failure is no HTTP error any more.</summary>
    public bool HeadSent { get; private set; }

    /// <summary>Whether bytes of the answer, and not only head and pings, are on their way.</summary>
    public bool AnswerBegun { get; private set; }

    /// <summary>Set by the pulse when the client was cut because it read nothing for too long.</summary>
    public bool CutAsSlow { get; private set; }

    public void SendHead()
    {
        if (!HeadSent)
        {
            HttpResponse response = context.Response;
            response.ContentType = "text/event-stream; charset=utf-8";
            response.Headers.CacheControl = "no-cache, no-transform";
            response.Headers["X-Accel-Buffering"] = "no";
            HeadSent = true;
        }
    }

    /// <summary>Takes bytes of the answer; they leave with the next flush.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        SendHead();
        AnswerBegun = true;

        // Piece by piece: within a chunk the web server gives less room than it is asked for.
        _output.Write(bytes);
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})" />
    public void Write(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            Write(bytes.FirstSpan);
            return;
        }

        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            Write(segment.Span);
        }
    }

    /// <summary>Completes when the pulse wants a ping sent while there is no read that it could wake.</summary>
    public Task NextNudge()
    {
        TaskCompletionSource nudge = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _nudge, nudge);
        return nudge.Task;
    }

    /// <summary>Makes a pending read return, cancelled, so that the pump looks around.</summary>
    public void Wake() => Volatile.Read(ref _pending)?.CancelPendingRead();

    /// <summary>Breaks the silence, with the head if that has not been sent.</summary>
    public ValueTask PingAsync()
    {
        SendHead();
        _output.Write(Ping);
        return FlushAsync();
    }

    /// <summary>After the last byte. A few bytes leave together with the end of the answer, which the web server writes; many are waited for, under the clock of slow readers.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public ValueTask EndAsync() => _output.UnflushedBytes <= MaxUnflushedBytes ? ValueTask.CompletedTask : FlushAsync();

    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async ValueTask FlushAsync()
    {
        ValueTask<FlushResult> flush = _output.FlushAsync(context.RequestAborted);
        FlushResult result;
        if (flush.IsCompletedSuccessfully)
        {
            result = flush.Result;
        }
        else
        {
            Volatile.Write(ref _flushingSinceTicks, clock.Now.Ticks);
            result = await flush;
            Volatile.Write(ref _flushingSinceTicks, 0);
        }

        Volatile.Write(ref _lastWriteTicks, clock.Now.Ticks);
        if (result.IsCompleted)
        {
            throw new ClientGoneException("the client closed the connection");
        }
    }

    /// <summary>Waits for bytes of an upstream. The result is cancelled when the pulse wants a ping sent.</summary>
    public async ValueTask<ReadResult> ReadAsync(PipeReader source, CancellationToken cancellationToken)
    {
        ValueTask<ReadResult> read = source.ReadAsync(cancellationToken);
        if (read.IsCompleted)
        {
            // An upstream that is always ahead would keep the thread of its socket.
            await turns.NextAsync(ref _readsInARow);
            return await read;
        }

        _readsInARow = 0;
        Volatile.Write(ref _pending, source);
        try
        {
            return await read;
        }
        finally
        {
            Volatile.Write(ref _pending, null);
        }
    }

    /// <summary>Called by the fleet's pulse.</summary>
    /// <param name="now">The time.</param>
    /// <param name="silence">Longest silence towards the client.</param>
    /// <param name="slowReader">Longest wait for a client that takes nothing.</param>
    public void Pulse(TimeSpan now, TimeSpan silence, TimeSpan slowReader)
    {
        long flushing = Volatile.Read(ref _flushingSinceTicks);
        if (flushing > 0 && now.Ticks - flushing > slowReader.Ticks)
        {
            Cut();
        }
        else if (flushing == 0 && now.Ticks - Volatile.Read(ref _lastWriteTicks) > silence.Ticks)
        {
            Interlocked.Exchange(ref _nudge, null)?.TrySetResult();
            Wake();
        }
    }

    /// <summary>The answer is over: the pulse leaves it alone from here on.</summary>
    public void Close()
    {
        lock (_end)
        {
            _isClosed = true;
        }
    }

    /// <summary>The web server uses a context again for the connection's next request, which must not be cut in the place of this one, or takes it apart, which throws.</summary>
    private void Cut()
    {
        lock (_end)
        {
            if (!_isClosed && !CutAsSlow)
            {
                CutAsSlow = true;
                context.Abort();
            }
        }
    }
}

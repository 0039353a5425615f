using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// A receive that its reader can stop waiting for without ending it. The bytes are taken by the reader, on its own thread of execution, so that nothing of
/// the buffer is ever touched by two.
/// </summary>
internal sealed class PendingReceive : IValueTaskSource<bool>
{
    private readonly UpstreamConnection _connection;
    private readonly Action _arrived;
    private ManualResetValueTaskSourceCore<bool> _wait;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _receive;
    private int _hasArrived;
    private int _isWaiting;
    private int _isCancelled;

    public PendingReceive(UpstreamConnection connection)
    {
        _connection = connection;
        _arrived = Arrived;
    }

    /// <summary>Whether a receive has been started whose bytes are not taken yet.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Starts a receive unless there is one.</summary>
    /// <returns>Whether its bytes can be taken already.</returns>
    public bool Start()
    {
        if (!IsPending)
        {
#pragma warning disable CA2012 // What a field holds is used once: by the one Take that follows.
            _receive = _connection.StartReceive().ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
            IsPending = true;
            if (_receive.IsCompleted)
            {
                Volatile.Write(ref _hasArrived, 1);
                return true;
            }

            Volatile.Write(ref _hasArrived, 0);
            _receive.UnsafeOnCompleted(_arrived);
        }

        return Volatile.Read(ref _hasArrived) != 0;
    }

    /// <summary>Waits for the receive.</summary>
    /// <returns>False when the wait was cancelled.</returns>
    public ValueTask<bool> WaitAsync()
    {
        _wait.Reset();
        Interlocked.Exchange(ref _isWaiting, 1);
        bool isCancelled = Volatile.Read(ref _isCancelled) != 0;
        if ((isCancelled || Volatile.Read(ref _hasArrived) != 0) && Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            Volatile.Write(ref _isCancelled, 0);
            return new ValueTask<bool>(!isCancelled);
        }

        return new ValueTask<bool>(this, _wait.Version);
    }

    /// <summary>Ends the wait that is, or the next.</summary>
    public void CancelWait()
    {
        Volatile.Write(ref _isCancelled, 1);
        if (Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            _wait.SetResult(false);
        }
    }

    /// <summary>Takes what has arrived into the buffer.</summary>
    /// <returns>Bytes; 0 at the end of the connection.</returns>
    public int Take()
    {
        IsPending = false;
        return _connection.EndReceive(_receive);
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        bool hasArrived = _wait.GetResult(token);
        if (!hasArrived)
        {
            Volatile.Write(ref _isCancelled, 0);
        }

        return hasArrived;
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);

    private void Arrived()
    {
        Volatile.Write(ref _hasArrived, 1);
        if (Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            _wait.SetResult(true);
        }
    }
}

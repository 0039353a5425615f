using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Admission;

/// <summary>Counts the requests in the house, and closes for a drain.</summary>
internal sealed class AdmissionGate(int capacity)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inside;
    private bool _closed;

    public int Inside => Volatile.Read(ref _inside);

    public bool Closed => Volatile.Read(ref _closed);

    /// <summary>Lets a request in; each that got in must <see cref="Leave"/> once.</summary>
    public ApiError? TryEnter()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return ApiErrors.Draining();
            }

            if (_inside == capacity)
            {
                return ApiErrors.Overloaded($"The server is already working on {capacity} requests.");
            }

            _inside++;
            return null;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_inside == 0 && _closed)
            {
                _empty.TrySetResult();
            }
        }
    }

    /// <summary>Takes nothing more; the task ends when the last request has left.</summary>
    public Task Close()
    {
        lock (_lock)
        {
            _closed = true;
            if (_inside == 0)
            {
                _empty.TrySetResult();
            }

            return _empty.Task;
        }
    }
}

namespace Tiercel.Bench.Engine.Http;

/// <summary>Passes once something has happened so many times.</summary>
internal sealed class CountingGate(int count) : IDisposable
{
    private readonly TaskCompletionSource _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = count;

    public Task Passed => _passed.Task;

    public void Count()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _passed.TrySetResult();
        }
    }

    public void Dispose() => _passed.TrySetCanceled();
}

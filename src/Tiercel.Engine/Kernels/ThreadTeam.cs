using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// A fixed set of threads, the caller among them, that take the items of one piece of work from a shared counter: a stolen core costs its
/// share only, and a thread that is kept from its core again and again in the middle of items is left out for a while (<see cref="TeamAttendance"/>). Waiting threads spin for a
/// bounded time, then park.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    /// <summary>Rounds of spinning before a thread parks, each about the time of a few cache misses (tens of microseconds in all).</summary>
    private const int SpinRounds = 2_000;

    /// <summary>Waits up to this many microseconds are the ordinary ends of runs, and not worth to ask who was late.</summary>
    private const int ShortWaitMicroseconds = 20;

    private readonly ThreadParking[] _parking;
    private readonly Thread[] _threads;
    private readonly ThreadParking _callerParking = new();
    private readonly TimeProvider _time;
    private readonly TeamAttendance _attendance;
    private readonly Seat[] _seats;
    private readonly long _shortWait;
    private Shared _shared;
    private TeamWork? _work;
    private int _itemCount;
    private ExceptionDispatchInfo? _failure;
    private int _busy;
    private bool _stopping;

    /// <param name="threadCount">Threads in all, the calling one included; at least 1.</param>
    /// <param name="time">The clock by which threads are missed; the system's if none is given.</param>
    public ThreadTeam(int threadCount, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        ThreadCount = threadCount;
        _time = time ?? TimeProvider.System;
        _attendance = new TeamAttendance(threadCount - 1, _time.TimestampFrequency);
        _seats = new Seat[threadCount - 1];
        _shortWait = _time.TimestampFrequency * ShortWaitMicroseconds / 1_000_000;
        _parking = new ThreadParking[threadCount - 1];
        _threads = new Thread[threadCount - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int thread = i + 1;
            _parking[i] = new ThreadParking();
            _threads[i] = new Thread(() => Serve(thread)) { IsBackground = true, Name = $"tiercel-team-{thread}" };
            _threads[i].Start();
        }
    }

    public int ThreadCount { get; }

    /// <summary>Runs all items and returns when the last has ended. One caller at a time; not re-entrant.</summary>
    /// <exception cref="InvalidOperationException">It is already running.</exception>
    /// <remarks>What an item throws is thrown here, after the other items have ended (the first one, if several throw).</remarks>
    public void Run(TeamWork work, int itemCount)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentOutOfRangeException.ThrowIfNegative(itemCount);
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            throw new InvalidOperationException("the thread team is already running; it has one caller at a time and is not re-entrant");
        }

        try
        {
            if (itemCount <= 1 || _threads.Length == 0)
            {
                RunAlone(work, itemCount);
            }
            else
            {
                RunTogether(work, itemCount);
            }
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        Volatile.Write(ref _stopping, true);
        Interlocked.MemoryBarrier();
        foreach (ThreadParking parking in _parking)
        {
            parking.Wake();
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    /// <summary>Tells every thread whether it takes part in the next run. False where nobody but the caller does.</summary>
    private bool CallRoll(long now)
    {
        bool any = false;
        for (int i = 0; i < _seats.Length; i++)
        {
            // Published by the exchange that publishes the run.
            bool away = _attendance.IsAway(i, now);
            Volatile.Write(ref _seats[i].IsAway, away);
            any |= !away;
        }

        return any;
    }

    private void RunAlone(TeamWork work, int itemCount)
    {
        ExceptionDispatchInfo? failure = null;
        for (int item = 0; item < itemCount; item++)
        {
            try
            {
                work.Execute(item, 0);
            }
#pragma warning disable CA1031 // As with several threads: the other items are run, then the first failure is thrown.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        failure?.Throw();
    }

    private void RunTogether(TeamWork work, int itemCount)
    {
        long started = _time.GetTimestamp();
        if (!CallRoll(started))
        {
            RunAlone(work, itemCount);
            return;
        }

        _work = work;
        _itemCount = itemCount;
        _failure = null;
        Volatile.Write(ref _shared.Done, 0);

        // The exchange publishes the fields above and, being a full fence, comes before the parked flags are read: a thread that goes to sleep either is
        // seen parked here, or sees the new ticket itself.
        long generation = (_shared.Ticket >> 32) + 1;
        Interlocked.Exchange(ref _shared.Ticket, (generation << 32) | (uint)itemCount);
        int wanted = itemCount - 1;
        for (int i = 0; i < _parking.Length && wanted > 0; i++)
        {
            if (!_seats[i].IsAway)
            {
                _parking[i].Wake();
                wanted--;
            }
        }

        TakeItems(0);
        WaitForOthers(itemCount, started);
        _work = null;
        _failure?.Throw();
    }

    /// <summary>
    /// Takes items while there are any. The ticket's low half counts the items left and its high half the runs, so that taking one pins the run: the fields
    /// read afterwards cannot change before the item is counted as done.
    /// </summary>
    private void TakeItems(int thread)
    {
        int taken = 0;
        int itemCount = 0;
        long ticket = Volatile.Read(ref _shared.Ticket);
        while ((uint)ticket != 0)
        {
            long seen = Interlocked.CompareExchange(ref _shared.Ticket, ticket - 1, ticket);
            if (seen != ticket)
            {
                ticket = seen;
                continue;
            }

            itemCount = _itemCount;
            Execute(_work!, itemCount - (int)(uint)ticket, thread);
            taken++;
            ticket = Volatile.Read(ref _shared.Ticket);
        }

        if (taken != 0 && thread != 0)
        {
            long now = _time.GetTimestamp();
            _seats[thread - 1].FinishedAt = now;
            Volatile.Write(ref _shared.FinishedAt, now);
        }

        // Items of two runs are never mixed here: the first run cannot end before this addition.
        if (taken != 0 && Interlocked.Add(ref _shared.Done, taken) == itemCount && thread != 0)
        {
            _callerParking.Wake();
        }
    }

    private void Execute(TeamWork work, int item, int thread)
    {
        try
        {
            work.Execute(item, thread);
        }
#pragma warning disable CA1031 // whatever it is, it belongs to the caller of Run, and a team thread must not end the process
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
        }
    }

    private void WaitForOthers(int itemCount, long started)
    {
        long began = _time.GetTimestamp();
        if (Volatile.Read(ref _shared.Done) == itemCount)
        {
            // The caller was the last. If that was for long, it was kept from its processor itself, and gets one for its own when the team is smaller.
            long idle = began - Math.Max(started, Volatile.Read(ref _shared.FinishedAt));
            if (idle > _shortWait)
            {
                _attendance.Late(_seats.Length - 1, idle);
            }

            _attendance.RunEnded(began - started, began);
            return;
        }

        for (int round = 0; Volatile.Read(ref _shared.Done) != itemCount; round++)
        {
            if (round < SpinRounds)
            {
                Thread.SpinWait(1);
                continue;
            }

            _callerParking.Announce();
            if (Volatile.Read(ref _shared.Done) != itemCount)
            {
                _callerParking.Park();
            }
            else
            {
                _callerParking.Withdraw();
            }
        }

        long now = _time.GetTimestamp();
        if (now - began > _shortWait)
        {
            for (int i = 0; i < _seats.Length; i++)
            {
                long late = Volatile.Read(ref _seats[i].FinishedAt) - began;
                if (late > _shortWait)
                {
                    _attendance.Late(i, late);
                }
            }
        }

        _attendance.RunEnded(now - started, now);
    }

    private void Serve(int thread)
    {
        ThreadParking parking = _parking[thread - 1];
        int round = 0;
        while (!Volatile.Read(ref _stopping))
        {
            if (HasWork(thread))
            {
                TakeItems(thread);
                round = 0;
            }
            else if (round < SpinRounds && !Volatile.Read(ref _seats[thread - 1].IsAway))
            {
                round++;
                Thread.SpinWait(1);
            }
            else
            {
                parking.Announce();
                if (!HasWork(thread) && !Volatile.Read(ref _stopping))
                {
                    parking.Park();
                }
                else
                {
                    parking.Withdraw();
                }

                round = 0;
            }
        }
    }

    private bool HasWork(int thread) => !Volatile.Read(ref _seats[thread - 1].IsAway) && (uint)Volatile.Read(ref _shared.Ticket) != 0;

    /// <summary>The two words that all threads write, each on cache lines of its own (two, because lines are fetched in pairs).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Shared
    {
        /// <summary>High half: number of the run. Low half: items not yet taken.</summary>
        [FieldOffset(128)]
        public long Ticket;

        /// <summary>Items ended in this run.</summary>
        [FieldOffset(256)]
        public int Done;

        /// <summary>When a team thread last ended its items.</summary>
        [FieldOffset(264)]
        public long FinishedAt;
    }

    /// <summary>What is known of a team thread, on cache lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Seat
    {
        /// <summary>Written by the caller: the thread takes no part in the present run.</summary>
        [FieldOffset(0)]
        public bool IsAway;

        /// <summary>Written by the thread: when it ended its last item.</summary>
        [FieldOffset(64)]
        public long FinishedAt;
    }
}

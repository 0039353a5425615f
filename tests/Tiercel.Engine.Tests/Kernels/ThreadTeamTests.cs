using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Tests.Kernels;

public class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void EveryItemRunsExactlyOnceInEveryRun(int threads)
    {
        using ThreadTeam team = new(threads);
        Random random = new(threads);
        CountingWork work = new(64, threads);
        for (int run = 0; run < 20_000; run++)
        {
            int items = random.Next(0, 65);
            Array.Clear(work.Counts);
            team.Run(work, items);
            for (int item = 0; item < 64; item++)
            {
                if (work.Counts[item] != (item < items ? 1 : 0))
                {
                    Assert.Fail($"run {run} of {items} items: item {item} ran {work.Counts[item]} times");
                }
            }
        }

        Assert.False(work.SawStrangeThread);
    }

    [Fact]
    public void ThreadsThatParkedAreWokenAgain()
    {
        using ThreadTeam team = new(3);
        using ManualResetEventSlim never = new();
        CountingWork work = new(64, 3);
        for (int run = 0; run < 40; run++)
        {
            // Long enough for the bounded spin to end and the threads to park.
            never.Wait(TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
            Array.Clear(work.Counts);
            team.Run(work, 64);
            Assert.All(work.Counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void OtherThreadsTakeItemsWhileOneIsHeldUp()
    {
        using ThreadTeam team = new(2);
        using Barrier barrier = new(2);
        MeetingWork work = new(barrier);
        team.Run(work, 2);
        Assert.True(work.Met, "two items that wait for each other need two threads at once");
    }

    [Fact]
    public void AThreadThatKeepsTheOthersWaitingIsLeftOutForAWhileAndThenReturns()
    {
        ManualClock clock = new();
        using ThreadTeam team = new(2, clock);
        for (int run = 0; run < 8; run++)
        {
            using Barrier both = new(2);
            LateWork late = new(clock, both);
            team.Run(late, 2);
            Assert.True(late.Late, "the second thread took no item");
        }

        CountingWork alone = new(64, 1);
        for (int run = 0; run < 100; run++)
        {
            team.Run(alone, 64);
        }

        Assert.False(alone.SawStrangeThread, "the thread that was missed took part");
        Assert.All(alone.Counts, count => Assert.Equal(100, count));

        clock.Advance(TimeSpan.FromMilliseconds(200));
        using Barrier barrier = new(2);
        MeetingWork together = new(barrier);
        team.Run(together, 2);
        Assert.True(together.Met, "the thread did not return");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void WhatAnItemThrowsIsThrownByRunAndTheTeamLivesOn(int threads)
    {
        using ThreadTeam team = new(threads);
        for (int run = 0; run < 200; run++)
        {
            InvalidDataException failure = Assert.Throws<InvalidDataException>(() => team.Run(new ThrowingWork(), 16));
            Assert.Equal("item 7", failure.Message);
        }

        CountingWork work = new(16, threads);
        team.Run(work, 16);
        Assert.All(work.Counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void RunningInsideARunIsRefused()
    {
        using ThreadTeam team = new(2);
        NestedWork work = new(team);
        Assert.Throws<InvalidOperationException>(() => team.Run(work, 4));
    }

    [Fact]
    public void DisposingEndsTheThreadsAndRefusesMoreWork()
    {
        for (int i = 0; i < 50; i++)
        {
            ThreadTeam team = new(4);
            if (i % 2 == 0)
            {
                team.Run(new CountingWork(64, 4), 64);
            }

            team.Dispose();
            team.Dispose();
            Assert.Throws<ObjectDisposedException>(() => team.Run(new CountingWork(64, 4), 2));
        }
    }

    [Fact]
    public void ARunAllocatesNothing()
    {
        using ThreadTeam team = new(2);
        CountingWork work = new(64, 2);
        team.Run(work, 64);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int run = 0; run < 1_000; run++)
        {
            team.Run(work, 64);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    private sealed class CountingWork(int capacity, int threads) : TeamWork
    {
        public int[] Counts { get; } = new int[capacity];

        public bool SawStrangeThread { get; private set; }

        public override void Execute(int item, int thread)
        {
            Interlocked.Increment(ref Counts[item]);
            if (thread < 0 || thread >= threads)
            {
                SawStrangeThread = true;
            }
        }
    }

    private sealed class MeetingWork(Barrier barrier) : TeamWork
    {
        private int _met;

        public bool Met => _met == 2;

        public override void Execute(int item, int thread)
        {
            if (barrier.SignalAndWait(TimeSpan.FromSeconds(60)))
            {
                Interlocked.Increment(ref _met);
            }
        }
    }

    /// <summary>Two threads take an item each; the second ends its own five milliseconds after the first has begun to wait for it.</summary>
    private sealed class LateWork(ManualClock clock, Barrier both) : TeamWork
    {
        private readonly int _began = clock.Readings;

        public bool Late { get; private set; }

        public override void Execute(int item, int thread)
        {
            both.SignalAndWait(TimeSpan.FromSeconds(60));
            if (thread == 1)
            {
                // The caller reads the clock when it begins a run, and when it begins to wait.
                Late = SpinWait.SpinUntil(() => clock.Readings >= _began + 2, TimeSpan.FromSeconds(60));
                clock.Advance(TimeSpan.FromMilliseconds(5));
            }
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now;
        private int _readings;

        public int Readings => Volatile.Read(ref _readings);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);

        public override long GetTimestamp()
        {
            long now = Interlocked.Read(ref _now);
            Interlocked.Increment(ref _readings);
            return now;
        }
    }

    private sealed class ThrowingWork : TeamWork
    {
        public override void Execute(int item, int thread)
        {
            if (item == 7)
            {
                throw new InvalidDataException("item 7");
            }
        }
    }

    private sealed class NestedWork(ThreadTeam team) : TeamWork
    {
        public override void Execute(int item, int thread) => team.Run(this, 2);
    }
}

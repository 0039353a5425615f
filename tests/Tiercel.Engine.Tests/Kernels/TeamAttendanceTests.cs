using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>Times are in microseconds.</summary>
public class TeamAttendanceTests
{
    private const long Millisecond = 1_000;

    private readonly TeamAttendance _attendance = new(3, ticksPerSecond: 1_000_000);

    [Fact]
    public void ThreadsThatWereNeverWaitedForTakePart()
    {
        Run(0, from: 0, runs: 100, late: 0);
        Assert.False(_attendance.IsAway(0, 0));
        Assert.False(_attendance.IsAway(2, long.MaxValue));
    }

    [Fact]
    public void SingleAbsencesAreBorneHoweverManyTheyAre()
    {
        for (int i = 0; i < 1000; i++)
        {
            // Four milliseconds in each thirty: a virtual machine that stands still now and then.
            _attendance.Late(0, 4 * Millisecond);
            long now = Run(0, i * 30 * Millisecond, runs: 30, late: 0);
            Assert.False(_attendance.IsAway(0, now), $"left out after {i} absences");
        }
    }

    [Fact]
    public void AThreadThatIsWaitedForHalfOfTheTimeIsLeftOutAndReturnsAndNoOtherIs()
    {
        long end = Run(1, from: 7 * Millisecond, runs: 40, late: 500);
        Assert.True(_attendance.IsAway(1, end));
        Assert.True(_attendance.IsAway(1, end + (200 * Millisecond) - 1));
        Assert.False(_attendance.IsAway(1, end + (200 * Millisecond)));
        Assert.False(_attendance.IsAway(0, end));
        Assert.False(_attendance.IsAway(2, end));
    }

    [Fact]
    public void WhenATrialFailsSoonItIsLeftOutLongerUpToABound()
    {
        long now = 0;
        foreach (long rest in (long[])[200, 400, 800, 800])
        {
            now = Run(0, now, runs: 40, late: 500);
            Assert.True(_attendance.IsAway(0, now + (rest * Millisecond) - 1), $"left out for less than {rest} ms");
            Assert.False(_attendance.IsAway(0, now + (rest * Millisecond)), $"left out for more than {rest} ms");
            now += rest * Millisecond;
        }
    }

    [Fact]
    public void AThreadThatHasDoneWellForAWhileStartsAnew()
    {
        long now = Run(0, from: 0, runs: 40, late: 500);
        now = Run(0, now + (200 * Millisecond), runs: 40, late: 500);
        now = Run(0, now + (400 * Millisecond), runs: 6_000, late: 0);
        now = Run(0, now, runs: 40, late: 500);
        Assert.True(_attendance.IsAway(0, now + (200 * Millisecond) - 1));
        Assert.False(_attendance.IsAway(0, now + (200 * Millisecond)));
    }

    /// <summary>Runs of a millisecond, in each of which a thread was waited for. Returns the end.</summary>
    private long Run(int thread, long from, int runs, long late)
    {
        long now = from;
        for (int i = 0; i < runs; i++)
        {
            now += Millisecond;
            _attendance.Late(thread, late);
            _attendance.RunEnded(Millisecond, now);
        }

        return now;
    }
}

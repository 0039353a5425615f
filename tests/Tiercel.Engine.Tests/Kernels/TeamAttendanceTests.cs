using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>Times are in microseconds.</summary>
public class TeamAttendanceTests
{
    private const long Millisecond = 1_000;

    private readonly TeamAttendance _attendance = new(3, ticksPerSecond: 1_000_000);

    [Fact]
    public void ThreadsThatWereNeverMissedTakePart()
    {
        Assert.False(_attendance.IsAway(0, 0));
        Assert.False(_attendance.IsAway(2, long.MaxValue));
    }

    [Fact]
    public void ShortItemsAreWaitedForAMillisecondAndLongOnesForFourOfTheirKind()
    {
        Assert.Equal(1 * Millisecond, _attendance.Patience(elapsed: 100, items: 10));
        Assert.Equal(20 * Millisecond, _attendance.Patience(elapsed: 50 * Millisecond, items: 10));
    }

    [Fact]
    public void WhoDidNothingItselfMissesNobody() => Assert.Equal(long.MaxValue, _attendance.Patience(elapsed: 100, items: 0));

    [Fact]
    public void AFewAbsencesAreBorne()
    {
        MissOften(0, from: 0, times: 2);
        Assert.False(_attendance.IsAway(0, 20 * Millisecond));
    }

    [Fact]
    public void AbsencesThatCostLittleAreBorneHoweverManyTheyAre()
    {
        for (int i = 0; i < 1000; i++)
        {
            _attendance.Miss(0, 4 * Millisecond, i * 30 * Millisecond);
            Assert.False(_attendance.IsAway(0, i * 30 * Millisecond), $"left out after {i} absences of 4 ms in each 30 ms");
        }
    }

    [Fact]
    public void AThreadThatIsMissedForHalfOfTheTimeIsLeftOutAndReturnsAndNoOtherIs()
    {
        long end = MissOften(1, from: 7 * Millisecond, times: 3);
        Assert.True(_attendance.IsAway(1, end));
        Assert.True(_attendance.IsAway(1, end + (200 * Millisecond) - 1));
        Assert.False(_attendance.IsAway(1, end + (200 * Millisecond)));
        Assert.False(_attendance.IsAway(0, end));
        Assert.False(_attendance.IsAway(2, end));
    }

    [Fact]
    public void MissedAgainSoonItIsLeftOutLongerUpToABound()
    {
        long now = 0;
        foreach (long rest in (long[])[200, 400, 800, 800])
        {
            now = MissOften(0, now, 3);
            Assert.True(_attendance.IsAway(0, now + (rest * Millisecond) - 1), $"left out for less than {rest} ms");
            Assert.False(_attendance.IsAway(0, now + (rest * Millisecond)), $"left out for more than {rest} ms");
            now += rest * Millisecond;
        }
    }

    [Fact]
    public void AThreadThatHasDoneWellForAWhileStartsAnew()
    {
        MissOften(0, from: 0, times: 3);
        MissOften(0, from: 500 * Millisecond, times: 3);
        long end = MissOften(0, from: 7_000 * Millisecond, times: 3);
        Assert.True(_attendance.IsAway(0, end + (200 * Millisecond) - 1));
        Assert.False(_attendance.IsAway(0, end + (200 * Millisecond)));
    }

    /// <summary>Works four milliseconds and is away for four, again and again. Returns the end.</summary>
    private long MissOften(int thread, long from, int times)
    {
        long now = from;
        for (int i = 0; i < times; i++)
        {
            now += 8 * Millisecond;
            _attendance.Miss(thread, 4 * Millisecond, now);
        }

        return now;
    }
}

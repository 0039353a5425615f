using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Tests.Kernels;

public sealed unsafe class FirstTouchTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(FirstTouch.Patience - 1, 0)]
    [InlineData(FirstTouch.Patience, 1)]
    [InlineData(10, 1)]
    public void SmallPagesAreAskedForOnceWhenLargeOnesAreSlowAgainAndAgain(int slowTouches, int retreats)
    {
        const int Pages = 10;
        long bytes = Pages * (long)LargePages.PageBytes;
        byte* memory = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        try
        {
            long time = 0;
            int reads = 0;
            List<bool> wishes = [];
            // Every second reading ends a touch: a slow one has taken as long as the limit, any other a nanosecond less.
            FirstTouch touch = new(memory, bytes, () => time += reads++ % 2 == 0 ? 0 : reads / 2 <= slowTouches ? FirstTouch.SlowNanoseconds : FirstTouch.SlowNanoseconds - 1, wishes.Add);
            for (long page = 0; page < Pages; page++)
            {
                memory[page * LargePages.PageBytes] = (byte)(page + 1);
                touch.Touch(page * LargePages.PageBytes);
                Assert.Equal(page + 1, memory[page * LargePages.PageBytes]);
            }

            Assert.Equal(retreats == 0 ? [] : [false], wishes);
            Assert.Equal(2 * (retreats == 0 ? Pages : FirstTouch.Patience), reads);
            touch.End();
            Assert.Equal(retreats == 0 ? [] : [false, true], wishes);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    [Fact]
    public void ThePageThatIsNotWholeIsLeftAlone()
    {
        int reads = 0;
        byte* memory = (byte*)NativeMemory.AllocZeroed(64);
        FirstTouch touch = new(memory, 64, () => reads++, _ => Assert.Fail("nothing is to be asked for"));
        touch.Touch(0);
        touch.End();
        Assert.Equal(0, reads);
        NativeMemory.Free(memory);
    }

    [Fact]
    public void AThreadsProcessorTimeGrows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells");
        long before = LargePages.ThreadNanoseconds();
        double sum = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            sum += Math.Sqrt(i);
        }

        Assert.True(sum > 0);
        Assert.InRange(LargePages.ThreadNanoseconds() - before, 1, long.MaxValue);
    }
}

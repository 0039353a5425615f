using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

public class UrgencyTests
{
    [Fact]
    public void ItIsTheSumOf128Bits()
    {
        long[] ticks = [0, 1, -1, long.MaxValue, long.MinValue, TimeSpan.TicksPerSecond];
        int[] priorities = [0, 1, -1, int.MaxValue, int.MinValue, 7];
        Random random = new(1);
        (Int128 Exact, Urgency Urgency)[] all = [.. from arrival in ticks
                                                   from priority in priorities
                                                   from aging in ticks
                                                   select Both(arrival, priority, aging),
            .. Enumerable.Range(0, 200).Select(_ => Both(random.NextInt64(), random.Next(int.MinValue, int.MaxValue), random.NextInt64()))];
        foreach ((Int128 exact, Urgency urgency) in all)
        {
            Assert.Equal(exact, new Int128((ulong)urgency.High, urgency.Low));
            foreach ((Int128 other, Urgency otherUrgency) in all)
            {
                Assert.Equal(exact.CompareTo(other), Math.Sign(urgency.CompareTo(otherUrgency)));
            }
        }
    }

    private static (Int128 Exact, Urgency Urgency) Both(long arrival, int priority, long aging)
        => (arrival + ((Int128)priority * aging), Urgency.Of(new TimeSpan(arrival), priority, new TimeSpan(aging)));
}

using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

public sealed class PoolEstimatesTests
{
    [Fact]
    public void What_is_kept_for_the_pace_grows_while_streams_miss_it_within_its_bound_and_is_given_back()
    {
        RoutingTuning tuning = new();
        PoolEstimates estimates = new();
        Learn(missed: false, 100);
        Assert.Equal(0, estimates.PaceReserve);
        Learn(missed: true, 1);
        Assert.InRange(estimates.PaceReserve, 0.09, 0.1);
        Learn(missed: true, 100);
        Assert.Equal(tuning.PaceMargin - tuning.LeastPaceMargin, estimates.PaceReserve, 12);

        // As many as may miss it keep it where it is.
        double before = estimates.PaceReserve;
        Learn(missed: false, 19);
        Learn(missed: true, 1);
        Assert.Equal(before, estimates.PaceReserve, 2);
        Learn(missed: false, 50);
        Assert.Equal(0, estimates.PaceReserve);

        void Learn(bool missed, int times)
        {
            for (int i = 0; i < times; i++)
            {
                estimates.LearnPace(missed, tuning);
            }
        }
    }
}

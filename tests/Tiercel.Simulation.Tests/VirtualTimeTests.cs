namespace Tiercel.Simulation.Tests;

public class VirtualTimeTests
{
    [Fact]
    public void Events_run_in_order_of_time_and_those_of_one_instant_in_order_of_planning()
    {
        VirtualTime time = new();
        List<(int Event, double At)> ran = [];
        Action<int> note = which => ran.Add((which, time.Now.TotalSeconds));
        time.At(TimeSpan.FromSeconds(2), () => note(3));
        time.At(TimeSpan.FromSeconds(1), () =>
        {
            note(1);
            time.At(TimeSpan.Zero, () => note(2));
        });
        time.After(TimeSpan.FromSeconds(2), () => note(4));
        while (time.Step(TimeSpan.FromSeconds(5)))
        {
        }

        Assert.Equal([(1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0)], ran);
        Assert.Equal(TimeSpan.FromSeconds(5), time.Now);
        Assert.Equal(4, time.Steps);
    }

    [Fact]
    public void An_event_after_the_end_waits()
    {
        VirtualTime time = new();
        bool ran = false;
        time.At(TimeSpan.FromSeconds(3), () => ran = true);
        Assert.False(time.Step(TimeSpan.FromSeconds(2)));
        Assert.False(ran);
        Assert.Equal(1, time.Pending);
        Assert.True(time.Step(TimeSpan.FromSeconds(3)));
        Assert.True(ran);
    }
}

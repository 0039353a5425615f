using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Gateway.Tests.Fleet;

public sealed class MemoryReliefTests
{
    private readonly BodyBudget _bodies = new(1 << 30);
    private int _collections;

    [Fact]
    public void Memory_is_given_back_once_when_a_burst_is_over()
    {
        MemoryRelief relief = new(_bodies, () => _collections++);
        Burst(MemoryRelief.WorthBytes);
        relief.Look(TimeSpan.FromSeconds(10));
        relief.Look(TimeSpan.FromSeconds(10) + MemoryRelief.Quiet - TimeSpan.FromTicks(1));
        Assert.Equal(0, _collections);
        Assert.NotEqual(0, _bodies.Kept);
        relief.Look(TimeSpan.FromSeconds(10) + MemoryRelief.Quiet);
        Assert.Equal(1, _collections);
        Assert.Equal(0, _bodies.Kept);
        relief.Look(TimeSpan.FromHours(1));
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void A_burst_that_goes_on_is_not_disturbed()
    {
        MemoryRelief relief = new(_bodies, () => _collections++);
        for (int second = 0; second < 100; second++)
        {
            Burst(MemoryRelief.WorthBytes);
            relief.Look(TimeSpan.FromSeconds(second));
        }

        Assert.Equal(0, _collections);
    }

    [Fact]
    public void A_few_large_bodies_and_any_number_of_small_ones_are_not_worth_it()
    {
        MemoryRelief relief = new(_bodies, () => _collections++);
        Burst(MemoryRelief.WorthBytes - (1 << 20));
        for (int i = 0; i < 100_000; i++)
        {
            _bodies.Return(_bodies.TryRent(1000)!);
        }

        relief.Look(TimeSpan.FromSeconds(1));
        relief.Look(TimeSpan.FromHours(1));
        Assert.Equal(0, _collections);
    }

    private void Burst(long bytes)
    {
        for (long lent = 0; lent < bytes; lent += 1 << 20)
        {
            _bodies.Return(_bodies.TryRent(1 << 20)!);
        }
    }
}

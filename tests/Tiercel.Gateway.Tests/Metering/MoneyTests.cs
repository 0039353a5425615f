using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Tests.Metering;

public sealed class MoneyTests
{
    private static readonly PriceSettings Cloud = new() { Input = 0.15m, CachedInput = 0.075m, Output = 0.6m };

    [Theory]
    [InlineData(1_000_000, 0, 0, "0.15")]
    [InlineData(1_000_000, 400_000, 0, "0.12")]
    [InlineData(0, 0, 1, "0.0000006")]
    [InlineData(1, 0, 0, "0.00000015")]
    [InlineData(100, 1000, 0, "0.0000075")]
    [InlineData(-5, -5, -5, "0")]
    public void Tokens_cost_what_the_price_says(long prompt, long cached, long completion, string cost)
        => Assert.Equal(cost, Money.Cost(Cloud, prompt, cached, completion, TimeSpan.Zero).ToString());

    [Fact]
    public void Seconds_of_the_engine_cost_too()
        => Assert.Equal(Money.Of(0.0025m), Money.Cost(new PriceSettings { EngineSecond = 0.001m }, 0, 0, 0, TimeSpan.FromSeconds(2.5)));

    [Fact]
    public void A_million_small_sums_are_exact()
    {
        Money total = Money.Zero;
        for (int i = 0; i < 1_000_000; i++)
        {
            total += Money.Of(0.000_000_1m);
        }

        Assert.Equal(Money.Of(0.1m), total);
    }

    [Fact]
    public void Amounts_stop_at_the_largest_instead_of_turning_negative()
    {
        Assert.Equal(Money.Max, Money.Max + Money.Of(1));
        Assert.Equal(Money.Max, Money.Of(decimal.MaxValue));
        Assert.Equal(Money.Max, Money.Cost(new PriceSettings { Input = decimal.MaxValue }, long.MaxValue, 0, 0, TimeSpan.Zero));
        Assert.True(Money.Zero - Money.Max < Money.Zero);
    }
}

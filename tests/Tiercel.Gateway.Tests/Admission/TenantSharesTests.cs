using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class TenantSharesTests
{
    private readonly TenantShares _shares = new();

    [Fact]
    public void A_tenant_alone_is_never_above_its_share()
    {
        _shares.Asked("a", 1, 0, 1_000_000, At(0));
        _shares.Given("a", 0, 1_000_000, At(0));
        Assert.False(_shares.IsAbove("a", 0, At(0)));
    }

    [Fact]
    public void Who_had_more_than_its_share_while_others_ask_is_above_it()
    {
        Use(("a", 1, 600), ("b", 1, 400));
        Assert.True(_shares.IsAbove("a", 0, At(0)));
        Assert.False(_shares.IsAbove("b", 0, At(0)));
        Assert.False(_shares.IsAbove("unknown", 0, At(0)));
    }

    [Fact]
    public void What_is_a_little_more_is_chance()
    {
        Use(("a", 1, 540), ("b", 1, 460));
        Assert.False(_shares.IsAbove("a", 0, At(0)));
    }

    [Fact]
    public void Shares_are_by_weight()
    {
        Use(("a", 3, 700), ("b", 1, 300));
        Assert.False(_shares.IsAbove("a", 0, At(0)));
        Assert.True(_shares.IsAbove("b", 0, At(0)));
    }

    [Fact]
    public void Who_asks_and_gets_nothing_has_a_share_too()
    {
        _shares.Asked("b", 1, 0, 100, At(0));
        _shares.Asked("a", 1, 0, 100, At(0));
        _shares.Given("a", 0, 100, At(0));
        Assert.True(_shares.IsAbove("a", 0, At(0)));
    }

    [Fact]
    public void What_is_given_while_nobody_else_asks_does_not_count()
    {
        for (int second = 0; second < 10; second++)
        {
            _shares.Asked("a", 1, 0, 1000, At(second));
            _shares.Given("a", 0, 1000, At(second));
        }

        // Whoever comes now has not been kept from anything; from here on both count.
        _shares.Asked("b", 1, 0, 100, At(10));
        Assert.False(_shares.IsAbove("a", 0, At(10)));
        _shares.Given("b", 0, 100, At(10));
        Assert.True(_shares.IsAbove("b", 0, At(10)));
        _shares.Given("a", 0, 200, At(11));
        Assert.True(_shares.IsAbove("a", 0, At(11)));

        // More than a second after the last of the others has asked nobody else would have it.
        for (int i = 0; i < 10; i++)
        {
            _shares.Given("a", 0, 1000, At(13));
        }

        _shares.Asked("a", 1, 0, 100, At(13));
        _shares.Asked("b", 1, 0, 100, At(13));
        _shares.Given("b", 0, 200, At(13));
        Assert.True(_shares.IsAbove("b", 0, At(13)));
        Assert.False(_shares.IsAbove("a", 0, At(13)));
    }

    [Fact]
    public void Who_asks_no_more_is_forgotten_and_with_it_what_it_used()
    {
        Use(("a", 1, 100), ("b", 1, 1));
        Assert.True(_shares.IsAbove("a", 0, At(0)));
        for (int second = 1; second <= 40; second++)
        {
            _shares.Asked("a", 1, 0, 100, At(second));
            _shares.Given("a", 0, 100, At(second));
        }

        Assert.Equal(1, _shares.Active);
        Assert.False(_shares.IsAbove("a", 0, At(40)));
    }

    [Fact]
    public void Use_fades_so_that_a_share_is_of_late()
    {
        Use(("a", 1, 1_000_000), ("b", 1, 1));
        Assert.True(_shares.IsAbove("a", 0, At(0)));
        for (int second = 1; second <= 120; second++)
        {
            _shares.Asked("a", 1, 0, 100, At(second));
            _shares.Asked("b", 1, 0, 100, At(second));
            _shares.Given("b", 0, 100, At(second));
        }

        Assert.False(_shares.IsAbove("a", 0, At(120)));
        Assert.True(_shares.IsAbove("b", 0, At(120)));
    }

    [Fact]
    public void Who_floods_is_given_a_small_part_of_what_it_asks_for()
    {
        Use(("a", 1, 300), ("b", 1, 100));
        Assert.Equal(1, _shares.GivenOfAsked("a"));
        _shares.Asked("a", 1, 0, 2700, At(0));
        Assert.Equal(0.1, _shares.GivenOfAsked("a"), 6);
        Assert.Equal(1, _shares.GivenOfAsked("b"));
        Assert.Equal(1, _shares.GivenOfAsked("unknown"));

        // Counted before: it waits and is placed again.
        _shares.Asked("a", 1, 0, 0, At(0));
        Assert.Equal(0.1, _shares.GivenOfAsked("a"), 6);
    }

    [Fact]
    public void A_flood_that_is_over_is_forgotten()
    {
        Use(("a", 1, 100));
        _shares.Asked("a", 1, 0, 100_000, At(0));
        for (int second = 1; second <= 120; second++)
        {
            _shares.Asked("a", 1, 0, 100, At(second));
            _shares.Given("a", 0, 100, At(second));
        }

        Assert.InRange(_shares.GivenOfAsked("a"), 0.99, 1);
    }

    [Fact]
    public void Who_asks_for_something_less_urgent_has_no_share_of_what_is_urgent()
    {
        for (int second = 0; second <= 60; second++)
        {
            // One that asks for something urgent for a while is one of those until that is not of late any more.
            int priority = second is >= 20 and < 24 ? 0 : 2;
            _shares.Asked("app", 1, 0, 100, At(second));
            _shares.Asked("nightly", 1, priority, 10, At(second));
            _shares.Given("app", 0, 100, At(second));
            _shares.Given("nightly", priority, 10, At(second));
            switch (second)
            {
                case < 20 or > 40:
                    Assert.False(_shares.IsAbove("app", 0, At(second)));

                    // The other way round there is one: all that is less urgent is given while something more urgent is asked for.
                    Assert.True(_shares.IsAbove("nightly", 2, At(second)));
                    break;
                case 23:
                    Assert.True(_shares.IsAbove("app", 0, At(second)));
                    break;
            }
        }
    }

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>All ask, and then each is given what it asked for.</summary>
    private void Use(params (string Tenant, double Weight, long Tokens)[] tenants)
    {
        foreach ((string tenant, double weight, long tokens) in tenants)
        {
            _shares.Asked(tenant, weight, 0, tokens, At(0));
        }

        foreach ((string tenant, _, long tokens) in tenants)
        {
            _shares.Given(tenant, 0, tokens, At(0));
        }
    }
}

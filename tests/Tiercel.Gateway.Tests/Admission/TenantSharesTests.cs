using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class TenantSharesTests
{
    private readonly TenantShares _shares = new();

    [Fact]
    public void A_tenant_alone_is_never_above_its_share()
    {
        _shares.Asked("a", 1, 0, 1_000_000, At(0));
        _shares.Given("a", 1_000_000, At(0));
        Assert.False(_shares.IsAbove("a", 0, At(0)));
    }

    [Fact]
    public void Who_had_more_than_its_share_while_others_ask_is_above_it()
    {
        Use("a", 1, 600);
        Use("b", 1, 400);
        Assert.True(_shares.IsAbove("a", 0, At(0)));
        Assert.False(_shares.IsAbove("b", 0, At(0)));
        Assert.False(_shares.IsAbove("unknown", 0, At(0)));
    }

    [Fact]
    public void What_is_a_little_more_is_chance()
    {
        Use("a", 1, 540);
        Use("b", 1, 460);
        Assert.False(_shares.IsAbove("a", 0, At(0)));
    }

    [Fact]
    public void Shares_are_by_weight()
    {
        Use("a", 3, 700);
        Use("b", 1, 300);
        Assert.False(_shares.IsAbove("a", 0, At(0)));
        Assert.True(_shares.IsAbove("b", 0, At(0)));
    }

    [Fact]
    public void Who_asks_and_gets_nothing_has_a_share_too()
    {
        Use("a", 1, 100);
        Assert.False(_shares.IsAbove("a", 0, At(0)));
        _shares.Asked("b", 1, 0, 100, At(1));
        Assert.True(_shares.IsAbove("a", 0, At(1)));
    }

    [Fact]
    public void Who_asks_no_more_is_forgotten_and_with_it_what_it_used()
    {
        Use("a", 1, 100);
        Use("b", 1, 1);
        for (int second = 1; second <= 40; second++)
        {
            _shares.Asked("a", 1, 0, 100, At(second));
            _shares.Given("a", 100, At(second));
        }

        Assert.Equal(1, _shares.Active);
        Assert.False(_shares.IsAbove("a", 0, At(40)));
    }

    [Fact]
    public void Use_fades_so_that_a_share_is_of_late()
    {
        Use("a", 1, 1_000_000);
        for (int second = 0; second <= 120; second++)
        {
            _shares.Asked("a", 1, 0, 100, At(second));
            _shares.Asked("b", 1, 0, 100, At(second));
            _shares.Given("b", 100, At(second));
        }

        Assert.False(_shares.IsAbove("a", 0, At(120)));
        Assert.True(_shares.IsAbove("b", 0, At(120)));
    }

    [Fact]
    public void Who_floods_is_given_a_small_part_of_what_it_asks_for()
    {
        Use("a", 1, 300);
        Use("b", 1, 100);
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
        Use("a", 1, 100);
        _shares.Asked("a", 1, 0, 100_000, At(0));
        for (int second = 1; second <= 120; second++)
        {
            _shares.Asked("a", 1, 0, 100, At(second));
            _shares.Given("a", 100, At(second));
        }

        Assert.InRange(_shares.GivenOfAsked("a"), 0.99, 1);
    }

    [Fact]
    public void Who_asks_for_something_less_urgent_has_no_share_of_what_is_urgent()
    {
        Use("app", 1, 900);
        Use("nightly", 1, 10, priority: 2);
        Assert.False(_shares.IsAbove("app", 0, At(0)));
        Assert.False(_shares.IsAbove("app", 1, At(0)));
        Assert.True(_shares.IsAbove("app", 2, At(0)));

        // Once it has asked for something urgent it has, for as long as that is of late.
        _shares.Asked("nightly", 1, 0, 10, At(1));
        Assert.True(_shares.IsAbove("app", 0, At(1)));
        for (int second = 2; second <= 30; second++)
        {
            _shares.Asked("app", 1, 0, 100, At(second));
            _shares.Given("app", 100, At(second));
            _shares.Asked("nightly", 1, 2, 10, At(second));
            _shares.Given("nightly", 10, At(second));
        }

        Assert.False(_shares.IsAbove("app", 0, At(30)));
        Assert.True(_shares.IsAbove("app", 2, At(30)));
    }

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);

    private void Use(string tenant, double weight, long tokens, int priority = 0)
    {
        _shares.Asked(tenant, weight, priority, tokens, At(0));
        _shares.Given(tenant, tokens, At(0));
    }
}

using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class TenantBudgetTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_reserved_and_spent_never_exceeds_the_budget()
    {
        TenantBudget budget = new(new BudgetSettings { PerDay = 1 }, Noon);
        Reservation first = Reserve(budget, 0.7m, Noon)!;
        Assert.Null(budget.TryReserve(Money.Of(0.4m), Noon, out LimitKind hit, out ApiError? error));
        Assert.Equal(LimitKind.BudgetPerDay, hit);

        // Not spent yet: it is worth to come back soon.
        Assert.Equal(RetryClass.Later, error!.Retry);
        Assert.True(first.Settle(Money.Of(0.2m)));
        Assert.NotNull(Reserve(budget, 0.8m, Noon));
    }

    [Fact]
    public void A_spent_budget_says_when_the_next_begins_and_that_trying_again_is_in_vain()
    {
        TenantBudget budget = new(new BudgetSettings { PerDay = 1, PerMonth = 100 }, Noon);
        Reserve(budget, 1, Noon)!.Settle(Money.Of(1));
        Assert.Null(budget.TryReserve(Money.Of(0.01m), Noon, out LimitKind hit, out ApiError? error));
        Assert.Equal(LimitKind.BudgetPerDay, hit);
        Assert.Equal((429, "insufficient_quota", RetryClass.Never), (error!.Status, error.Code, error.Retry));
        Assert.Equal(TimeSpan.FromHours(12), error.RetryAfter);
        Assert.Contains("2026-04-01T00:00:00Z", error.Message, StringComparison.Ordinal);
        Assert.NotNull(Reserve(budget, 1, Noon.AddHours(12)));
    }

    [Fact]
    public void Settling_twice_counts_once()
    {
        TenantBudget budget = new(new BudgetSettings { PerDay = 10 }, Noon);
        Reservation reservation = Reserve(budget, 2, Noon)!;
        Assert.True(reservation.Settle(Money.Of(1)));
        Assert.False(reservation.Settle(Money.Of(2)));
        Assert.False(reservation.Settle(Money.Zero));
        Assert.Equal(Money.Of(1), budget.Day.Spent);
        Assert.Equal(Money.Zero, budget.Day.Reserved);
    }

    [Fact]
    public void A_request_over_midnight_is_paid_from_the_day_it_began_on()
    {
        TenantBudget budget = new(new BudgetSettings { PerDay = 1, PerMonth = 2 }, Noon);
        Reservation overNight = Reserve(budget, 0.9m, Noon.AddHours(11.9))!;
        DateTimeOffset next = Noon.AddHours(12.1);
        Reservation today = Reserve(budget, 1, next)!;
        Assert.True(overNight.Settle(Money.Of(0.9m)));
        Assert.Equal(Money.Zero, budget.Day.Spent);

        // 31 March to 1 April: the month is another one as well.
        Assert.Equal(Money.Zero, budget.Month.Spent);
        today.Settle(Money.Of(0.5m));
        Assert.Equal((Money.Of(0.5m), Money.Zero), (budget.Month.Spent, budget.Month.Reserved));
    }

    [Fact]
    public void Within_a_month_a_request_over_midnight_still_counts_for_the_month()
    {
        DateTimeOffset eve = Noon.AddDays(-10);
        TenantBudget budget = new(new BudgetSettings { PerDay = 1, PerMonth = 2 }, eve);
        Reservation overNight = Reserve(budget, 1, eve)!;
        Reserve(budget, 1, eve.AddDays(1))!.Settle(Money.Of(0.25m));
        overNight.Settle(Money.Of(0.75m));
        Assert.Equal(Money.Of(0.25m), budget.Day.Spent);
        Assert.Equal(Money.Of(1), budget.Month.Spent);
    }

    [Fact]
    public void A_clock_that_steps_to_and_fro_opens_no_budget_twice()
    {
        DateTimeOffset late = Noon.AddHours(11.5);
        TenantBudget budget = new(new BudgetSettings { PerDay = 1 }, late);
        Reserve(budget, 1, late)!.Settle(Money.Of(1));
        Reserve(budget, 1, late.AddHours(1))!.Settle(Money.Of(1));
        Assert.Null(Reserve(budget, 0.1m, late));
        Assert.Null(Reserve(budget, 0.1m, late.AddHours(1)));
    }

    [Fact]
    public void What_the_ledger_knows_is_spent()
    {
        TenantBudget budget = new(new BudgetSettings { PerDay = 1, PerMonth = 5 }, Noon);
        budget.Restore(Money.Of(0.5m), Money.Of(4.8m), Noon);
        Assert.Null(budget.TryReserve(Money.Of(0.3m), Noon, out LimitKind hit, out _));
        Assert.Equal(LimitKind.BudgetPerMonth, hit);
        Assert.NotNull(Reserve(budget, 0.2m, Noon));
    }

    [Fact]
    public void A_raised_budget_is_open_at_once()
    {
        TenantBudget budget = new(new BudgetSettings { PerDay = 1 }, Noon);
        Reserve(budget, 1, Noon)!.Settle(Money.Of(1));
        Assert.Null(Reserve(budget, 1, Noon));
        budget.Reconfigure(new BudgetSettings { PerDay = 2 });
        Assert.NotNull(Reserve(budget, 1, Noon));
        budget.Reconfigure(new BudgetSettings());
        Assert.NotNull(Reserve(budget, 1000, Noon));
    }

    /// <summary>Against a model that adds up from scratch: requests that fail, end late, end twice, over days and clock steps.</summary>
    [Fact]
    public void Budgets_equal_a_sum_from_scratch_and_hold() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            Random random = new(seed);
            TenantBudget budget = new(new BudgetSettings { PerDay = 3, PerMonth = 20 }, Noon);
            DateTimeOffset utc = Noon;
            List<(Reservation Held, Money? Cost)> all = [];
            for (int i = 0; i < 300; i++)
            {
                utc += TimeSpan.FromMinutes(random.Next(-60, 240));
                int open = all.FindIndex(entry => entry.Cost is null && random.Next(3) == 0);
                if (open >= 0 && random.Next(2) == 0)
                {
                    Money cost = new(random.NextInt64(0, all[open].Held.Amount.Nanos + 1));
                    all[open].Held.Settle(cost);
                    all[open] = (all[open].Held, cost);
                }
                else if (all.Count > 0 && random.Next(5) == 0)
                {
                    (Reservation held, Money? cost) = all[random.Next(all.Count)];
                    Assert.True(cost is null || !held.Settle(Money.Of(100)));
                }
                else if (budget.TryReserve(Money.Of(random.Next(1, 100) / 100m), utc, out _, out _) is Reservation made)
                {
                    all.Add((made, null));
                }

                AssertEquals(all.Where(entry => entry.Held.Period.Day == budget.Period.Day), budget.Day, 3);
                AssertEquals(all.Where(entry => entry.Held.Period.Month == budget.Period.Month), budget.Month, 20);
            }
        }));

    private static void AssertEquals(IEnumerable<(Reservation Held, Money? Cost)> entries, BudgetAccount account, decimal limit)
    {
        (Reservation Held, Money? Cost)[] all = [.. entries];
        Assert.Equal(all.Sum(entry => entry.Cost?.Nanos ?? 0), account.Spent.Nanos);
        Assert.Equal(all.Sum(entry => entry.Cost is null ? entry.Held.Amount.Nanos : 0), account.Reserved.Nanos);
        Assert.True(account.Held <= Money.Of(limit), "spent and reserved are more than the budget");
    }

    private static Reservation? Reserve(TenantBudget budget, decimal amount, DateTimeOffset utc) =>
        budget.TryReserve(Money.Of(amount), utc, out _, out _);
}

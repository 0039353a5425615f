using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class TenantAccountTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_request_that_the_budget_refuses_takes_from_no_limit()
    {
        TenantAccount account = Account(new TenantLimitSettings { RequestsPerMinute = 5, TokensPerMinute = 100 }, new BudgetSettings { PerDay = 1 });
        LimitDecision refused = account.TryAdmit(new AdmissionQuery(50, Money.Of(2)), TimeSpan.Zero, Noon, out AdmittedRequest? none);
        Assert.Null(none);
        Assert.Equal(LimitKind.BudgetPerDay, refused.Hit);
        Assert.Equal((5, 100), (refused.Requests!.Value.Remaining, refused.Tokens!.Value.Remaining));
        Assert.Equal((0, 0), account.Running);
    }

    [Fact]
    public void Ending_twice_from_two_threads_counts_once()
    {
        TenantAccount account = Account(new TenantLimitSettings { TokensPerMinute = 100_000, ConcurrentRequests = 1000 }, new BudgetSettings { PerDay = 1000 });
        AdmittedRequest[] running = [.. Enumerable.Range(0, 500).Select(_ =>
        {
            account.TryAdmit(new AdmissionQuery(10, Money.Of(1)), TimeSpan.Zero, Noon, out AdmittedRequest? admitted);
            return admitted!;
        })];
        int[] ended = new int[4];
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(index => new Thread(() => ended[index] = running.Count(request => request.End(5, Money.Of(0.5m), TimeSpan.Zero))))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(500, ended.Sum());
        Assert.Equal(Money.Of(250), account.Budget.Day.Spent);
        Assert.Equal(Money.Zero, account.Budget.Day.Reserved);
        Assert.Equal((0, 0), account.Running);
    }

    [Fact]
    public void A_tenant_that_comes_back_finds_what_it_has_spent()
    {
        FleetConfiguration with = Configuration("a");
        TenantAccounts accounts = new(with, TimeSpan.Zero, Noon);
        accounts["a"].TryAdmit(new AdmissionQuery(1, Money.Of(3)), TimeSpan.Zero, Noon, out AdmittedRequest? admitted);
        admitted!.End(1, Money.Of(3), TimeSpan.Zero);
        accounts.Apply(Configuration("b"), TimeSpan.Zero, Noon);
        accounts.Apply(with, TimeSpan.Zero, Noon);
        Assert.Equal(Money.Of(3), accounts["a"].Budget.Day.Spent);
        Assert.Equal("", new TenantAccounts(Configuration(), TimeSpan.Zero, Noon)[""].Name);
    }

    [Fact]
    public void A_tenant_configured_after_the_start_finds_what_the_ledger_knows_of_it()
    {
        TenantAccounts accounts = new(Configuration("a"), TimeSpan.Zero, Noon);
        accounts.Restore("a", Money.Of(1), Money.Of(2), Noon);
        accounts.Restore("late", Money.Of(3), Money.Of(4), Noon);
        accounts.Restore("later", Money.Of(5), Money.Of(6), Noon);
        accounts.Apply(Configuration("a", "late"), TimeSpan.Zero, Noon);
        accounts.Apply(Configuration("a", "late", "later"), TimeSpan.Zero, Noon.AddDays(1));
        Assert.Equal((Money.Of(1), Money.Of(2)), Spent("a"));
        Assert.Equal((Money.Of(3), Money.Of(4)), Spent("late"));
        Assert.Equal((Money.Zero, Money.Of(6)), Spent("later"));

        (Money Day, Money Month) Spent(string tenant) => (accounts[tenant].Budget.Day.Spent, accounts[tenant].Budget.Month.Spent);
    }

    [Fact]
    public void The_ledger_is_told_the_day_that_the_budget_was_taken_from()
    {
        TenantAccount account = Account(new TenantLimitSettings(), new BudgetSettings { PerDay = 10 });
        account.TryAdmit(new AdmissionQuery(1, Money.Of(1)), TimeSpan.Zero, Noon, out AdmittedRequest? today);
        Assert.Equal(Noon, today!.Admitted);
        account.TryAdmit(new AdmissionQuery(1, Money.Of(1)), TimeSpan.Zero, Noon.AddHours(12.5), out _);

        // The clock steps back over midnight; the budget stays on the newer day.
        account.TryAdmit(new AdmissionQuery(1, Money.Of(1)), TimeSpan.Zero, Noon.AddHours(11.5), out AdmittedRequest? steppedBack);
        Assert.Equal(Noon.AddHours(12), steppedBack!.Admitted);
    }

    [Fact]
    public void The_most_a_request_can_cost_is_at_the_dearest_price_of_each_kind()
    {
        CostEstimate estimate = new([
            new PriceSettings { Input = 1, CachedInput = 0.5m, Output = 2 },
            new PriceSettings { Input = 0.1m, Output = 6, EngineSecond = 0.01m },
        ]);
        Assert.Equal(Money.Of(1m + 3m + 0.1m), estimate.Of(1_000_000, 500_000, TimeSpan.FromSeconds(10)));
    }

    private static FleetConfiguration Configuration(params string[] tenants) => new()
    {
        Version = "test",
        Pools = new Dictionary<string, PoolSettings>(),
        Routes = new Dictionary<string, RouteSettings>(),
        Tenants = tenants.ToDictionary(name => name, name => new TenantSettings { Name = name, Keys = [] }),
    };

    private static TenantAccount Account(TenantLimitSettings limits, BudgetSettings budget) =>
        new(new TenantSettings { Name = "t", Keys = [], Limits = limits, Budget = budget }, TimeSpan.Zero, Noon);
}

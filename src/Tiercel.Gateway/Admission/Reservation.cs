using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Admission;

/// <summary>Money held for one request until it has ended. It belongs to the day and month in which the request was admitted.</summary>
internal sealed class Reservation
{
    internal Reservation(TenantBudget budget, Money amount, BudgetPeriod period)
    {
        Budget = budget;
        Amount = amount;
        Period = period;
    }

    public Money Amount { get; }

    public BudgetPeriod Period { get; }

    /// <summary>Whether it has been settled; it can be only once.</summary>
    public bool Settled { get; internal set; }

    internal TenantBudget Budget { get; }

    /// <summary>Turns what was held into what was spent. A second call changes nothing.</summary>
    /// <param name="cost">What the request really cost, over all upstreams that worked on it; zero when nothing was done.</param>
    /// <returns>Whether this call settled it.</returns>
    public bool Settle(Money cost) => Budget.Settle(this, cost);
}

using System.Globalization;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Admission;

/// <summary>
/// What one tenant may spend in a UTC day and month. A request first reserves the most it can cost; what was spent and what is reserved never exceed the
/// budget together, so that the only way past it is a request that cost more than was reserved for it. A request is paid from the day it was admitted
/// on, also when it ends on the next one. Pure: the owner locks.
/// </summary>
internal sealed class TenantBudget(BudgetSettings settings, DateTimeOffset utc)
{
    private static readonly TimeSpan ReservedRetry = TimeSpan.FromSeconds(1);

    private BudgetSettings _settings = settings;
    private BudgetAccount _day;
    private BudgetAccount _month;

    /// <summary>The newest day seen. A clock that steps back does not open an old day again.</summary>
    public BudgetPeriod Period { get; private set; } = BudgetPeriod.Of(utc);

    public BudgetAccount Day => _day;

    public BudgetAccount Month => _month;

    /// <summary>Holds an amount, or says which budget refuses.</summary>
    public Reservation? TryReserve(Money amount, DateTimeOffset utc, out LimitKind hit, out ApiError? error)
    {
        Roll(utc);

        // The month is asked first: where both are spent, it is the one that lasts.
        (hit, error) = Check(_settings.PerMonth, _month, amount, LimitKind.BudgetPerMonth, "month", Period.MonthEnd, utc);
        if (hit == LimitKind.None)
        {
            (hit, error) = Check(_settings.PerDay, _day, amount, LimitKind.BudgetPerDay, "day", Period.DayEnd, utc);
        }

        if (hit != LimitKind.None)
        {
            return null;
        }

        _day.Reserved += amount;
        _month.Reserved += amount;
        return new Reservation(this, amount, Period);
    }

    /// <summary>Takes up what the ledger says was spent, at start and before any request.</summary>
    public void Restore(Money day, Money month, DateTimeOffset utc)
    {
        Roll(utc);
        _day.Spent += day;
        _month.Spent += month;
    }

    public void Reconfigure(BudgetSettings settings) => _settings = settings;

    internal bool Settle(Reservation reservation, Money cost)
    {
        if (reservation.Settled)
        {
            return false;
        }

        reservation.Settled = true;
        if (reservation.Period.Day == Period.Day)
        {
            _day.Reserved -= reservation.Amount;
            _day.Spent += cost;
        }

        if (reservation.Period.Month == Period.Month)
        {
            _month.Reserved -= reservation.Amount;
            _month.Spent += cost;
        }

        return true;
    }

    private static (LimitKind Hit, ApiError? Error) Check(
        decimal? limit, BudgetAccount account, Money amount, LimitKind kind, string name, DateTimeOffset end, DateTimeOffset utc)
    {
        if (limit is not decimal most)
        {
            return (LimitKind.None, null);
        }

        Money budget = Money.Of(most);
        if (account.Held + amount <= budget)
        {
            return (LimitKind.None, null);
        }

        // A request that only waits for reservations of others is no victim of the budget: most of what is reserved is given back.
        if (account.Spent + amount <= budget)
        {
            return (kind, ApiErrors.RateLimited(
                "requests", $"Your running requests hold what is left of the budget of this {name}; try again when they have ended.", ReservedRetry));
        }

        string ends = end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        string message = account.Spent >= budget
            ? $"The budget of this {name} ({budget}) is spent; the next one begins at {ends}."
            : $"This request may cost up to {amount}, and {budget - account.Spent} is left of the budget of this {name}. Lower max_tokens, or wait until {ends}.";
        return (kind, ApiErrors.BudgetSpent(message, end > utc ? end - utc : ReservedRetry));
    }

    private void Roll(DateTimeOffset utc)
    {
        BudgetPeriod period = BudgetPeriod.Of(utc);
        if (period.Day <= Period.Day)
        {
            return;
        }

        _day = default;
        if (period.Month > Period.Month)
        {
            _month = default;
        }

        Period = period;
    }
}

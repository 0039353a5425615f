using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Admission;

/// <summary>One tenant's limits and budget together, under one short lock of its own: a request gets both or neither.</summary>
internal sealed class TenantAccount(TenantSettings settings, TimeSpan now, DateTimeOffset utc)
{
    private readonly Lock _lock = new();
    private readonly TenantLimits _limits = new(settings.Limits, now);
    private readonly TenantBudget _budget = new(settings.Budget, utc);

    public string Name { get; } = settings.Name;

    /// <summary>Spent and reserved today and this month.</summary>
    public (BudgetAccount Day, BudgetAccount Month) Budget
    {
        get
        {
            lock (_lock)
            {
                return (_budget.Day, _budget.Month);
            }
        }
    }

    public (int Requests, long Tokens) Running
    {
        get
        {
            lock (_lock)
            {
                return (_limits.RunningRequests, _limits.RunningTokens);
            }
        }
    }

    /// <summary>Admits a request, or says which limit refuses it. What was admitted must be ended.</summary>
    public LimitDecision TryAdmit(in AdmissionQuery query, TimeSpan now, DateTimeOffset utc, out AdmittedRequest? admitted)
    {
        lock (_lock)
        {
            admitted = null;
            LimitDecision decision = _limits.TryTake(query.Tokens, now);
            if (!decision.Allowed)
            {
                return decision;
            }

            Reservation? reservation = _budget.TryReserve(query.WorstCost, utc, out LimitKind hit, out ApiError? error);
            if (reservation is null)
            {
                _limits.Undo(query.Tokens, now);
                return _limits.Decide(hit, error, now);
            }

            admitted = new AdmittedRequest(this, query.Tokens, reservation, utc);
            return decision;
        }
    }

    public void Restore(Money day, Money month, DateTimeOffset utc)
    {
        lock (_lock)
        {
            _budget.Restore(day, month, utc);
        }
    }

    public void Reconfigure(TenantSettings settings, TimeSpan now)
    {
        lock (_lock)
        {
            _limits.Reconfigure(settings.Limits, now);
            _budget.Reconfigure(settings.Budget);
        }
    }

    internal bool End(AdmittedRequest admitted, long usedTokens, Money cost, TimeSpan now)
    {
        lock (_lock)
        {
            if (!admitted.Reservation.Settle(cost))
            {
                return false;
            }

            _limits.End(admitted.Tokens, usedTokens, now);
            return true;
        }
    }
}

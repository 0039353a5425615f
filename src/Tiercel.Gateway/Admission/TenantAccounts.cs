using System.Collections.Concurrent;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Admission;

/// <summary>
/// The accounts of all tenants ever configured in this process: a tenant that is taken out of the configuration and put back finds what it has spent.
/// There are as many as the operator wrote into files, so that no client can make them grow.
/// </summary>
internal sealed class TenantAccounts
{
    private readonly ConcurrentDictionary<string, TenantAccount> _accounts = new(StringComparer.Ordinal);
    private readonly Lock _changing = new();

    /// <summary>Spending of tenants that the ledger knows and the configuration does not, yet.</summary>
    private readonly Dictionary<string, (Money Day, Money Month, BudgetPeriod Period)> _unclaimed = new(StringComparer.Ordinal);

    public TenantAccounts(FleetConfiguration configuration, TimeSpan now, DateTimeOffset utc)
    {
        Apply(configuration, now, utc);
    }

    public IEnumerable<TenantAccount> All => _accounts.Values;

    /// <summary>The account of a tenant of the configuration; where no tenants are configured, of everybody.</summary>
    public TenantAccount this[string tenant] => _accounts[tenant];

    /// <summary>What a tenant had spent before this start, as the ledger tells it. One that is not configured finds it when it is.</summary>
    public void Restore(string tenant, Money day, Money month, DateTimeOffset utc)
    {
        lock (_changing)
        {
            if (_accounts.TryGetValue(tenant, out TenantAccount? account))
            {
                account.Restore(day, month, utc);
            }
            else
            {
                _unclaimed[tenant] = (day, month, BudgetPeriod.Of(utc));
            }
        }
    }

    /// <summary>A reload: what was spent and what runs stays, limits change at once.</summary>
    public void Apply(FleetConfiguration configuration, TimeSpan now, DateTimeOffset utc)
    {
        IEnumerable<TenantSettings> tenants = configuration.Tenants.Count == 0 ? [new TenantSettings { Name = "", Keys = [] }] : configuration.Tenants.Values;
        lock (_changing)
        {
            foreach (TenantSettings tenant in tenants)
            {
                if (_accounts.TryGetValue(tenant.Name, out TenantAccount? known))
                {
                    known.Reconfigure(tenant, now);
                }
                else
                {
                    _accounts[tenant.Name] = Open(tenant, now, utc);
                }
            }
        }
    }

    private TenantAccount Open(TenantSettings tenant, TimeSpan now, DateTimeOffset utc)
    {
        TenantAccount account = new(tenant, now, utc);
        if (_unclaimed.Remove(tenant.Name, out (Money Day, Money Month, BudgetPeriod Period) spent))
        {
            BudgetPeriod period = BudgetPeriod.Of(utc);
            account.Restore(spent.Period.Day == period.Day ? spent.Day : Money.Zero, spent.Period.Month == period.Month ? spent.Month : Money.Zero, utc);
        }

        return account;
    }
}

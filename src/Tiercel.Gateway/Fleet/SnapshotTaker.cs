using System.Text.Json;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Gateway.Fleet;

/// <summary>Takes a picture of the fleet for <c>/internal/fleet</c> and the gauges of <c>/metrics</c>.</summary>
internal static class SnapshotTaker
{
    public static FleetSnapshot Take(FleetServices services)
    {
        TimeSpan now = services.Clock.Now;
        LedgerState ledger = services.Ledger.State;
        List<PoolSnapshot> pools = [];
        Dictionary<string, int> waiting = new(StringComparer.Ordinal);
        Dictionary<string, TenantAccount> accounts;
        lock (services.Gate)
        {
            foreach (Pool pool in services.State.Pools.Values)
            {
                pools.Add(new PoolSnapshot
                {
                    Name = pool.Name,
                    Policy = JsonNamingPolicy.SnakeCaseLower.ConvertName(pool.Settings.Policy.ToString()),
                    QueueLength = services.Waiting.CountOf(pool.Name),
                    QueueBytes = services.Waiting.BytesOf(pool.Name),
                    Replicas = [.. pool.Members.Select(replica => Describe(services, pool, replica, now))],
                });
            }

            foreach (string tenant in services.Telemetry.TenantNames)
            {
                waiting[tenant] = services.Waiting.CountOfTenant(tenant);
            }

            accounts = services.Accounts.All.Where(account => waiting.ContainsKey(account.Name)).ToDictionary(account => account.Name);
        }

        return new FleetSnapshot
        {
            ConfigVersion = services.Configuration.Version,
            ConfigError = services.Options.Configuration.LastError?.Message,
            UptimeSeconds = now.TotalSeconds,
            ActiveRequests = services.Door.Inside,
            Pools = pools,
            Tenants = [.. waiting.Select(pair => Describe(services, pair.Key, accounts.GetValueOrDefault(pair.Key), pair.Value, now))],
            Refusals = new Dictionary<string, long>(services.Telemetry.RefusalCounts),
            Ledger = new LedgerSnapshot { Buffered = ledger.Buffered, Degraded = ledger.Health == LedgerHealth.Unavailable, Reason = ledger.Reason },
        };
    }

    private static ReplicaSnapshot Describe(FleetServices services, Pool pool, Replica replica, TimeSpan now)
    {
        ReplicaLoad load = pool.Router.Load(replica.Id);
        FlowView flow = services.Telemetry.OfReplica(replica.Name, now);
        return new ReplicaSnapshot
        {
            Name = replica.Name,
            Kind = replica.Settings.Kind.ToString().ToLowerInvariant(),
            State = JsonNamingPolicy.SnakeCaseLower.ConvertName(services.State.Health.Of(replica.Id, now).State.ToString()),
            Running = load.Requests - load.Waiting,
            Waiting = load.Waiting,
            InputTokensPerSecond = flow.InputTokensPerSecond,
            OutputTokensPerSecond = flow.OutputTokensPerSecond,
            TtftP50Seconds = flow.TtftP50Seconds,
            TtftP90Seconds = flow.TtftP90Seconds,
            CacheHitShare = flow.CacheHitShare,
        };
    }

    private static TenantSnapshot Describe(FleetServices services, string tenant, TenantAccount? account, int waiting, TimeSpan now)
    {
        FlowView flow = services.Telemetry.OfTenant(tenant, now);
        BudgetSettings budget = services.Configuration.Tenants.GetValueOrDefault(tenant)?.Budget ?? new BudgetSettings();
        return new TenantSnapshot
        {
            Name = tenant,
            RequestsPerSecond = flow.RequestsPerSecond,
            TokensPerSecond = flow.InputTokensPerSecond,
            Waiting = waiting,
            SpentToday = account?.Budget.Day.Spent.Amount ?? 0,
            BudgetPerDay = budget.PerDay,
            SpentThisMonth = account?.Budget.Month.Spent.Amount ?? 0,
            BudgetPerMonth = budget.PerMonth,
        };
    }
}

using System.Globalization;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Cli.Terminal;

/// <summary>The picture of a fleet as text.</summary>
internal static class FleetTables
{
    /// <summary>Tenants beyond it are counted, not shown; those that do most come first.</summary>
    private const int MaxTenants = 15;

    public static void Write(CliEnvironment environment, FleetSnapshot fleet)
    {
        TextWriter output = environment.Output;
        output.WriteLine(FormattableString.Invariant(
            $"up {TimeSpan.FromSeconds((long)fleet.UptimeSeconds)}   requests {fleet.ActiveRequests}   configuration {TerminalText.OneLine(fleet.ConfigVersion)}"));
        if (fleet.ConfigError is string error)
        {
            output.WriteLine($"the configuration file is wrong and not in force: {TerminalText.OneLine(error)}");
        }

        if (fleet.Ledger.Degraded)
        {
            output.WriteLine(FormattableString.Invariant($"the ledger cannot be written ({TerminalText.OneLine(fleet.Ledger.Reason ?? "unknown")}); {fleet.Ledger.Buffered} records wait in memory"));
        }

        output.WriteLine();
        TableWriter.Write(
            environment,
            ["POOL", "REPLICA", "KIND", "STATE", "RUN", "WAIT", "TOK/S IN", "OUT", "TTFT", "P90", "CACHED"],
            fleet.Pools.SelectMany(pool => pool.Replicas.Select(replica => Row(pool, replica))));
        output.WriteLine();
        TableWriter.Write(environment, ["POOL", "POLICY", "QUEUE", "BYTES"], fleet.Pools.Select(pool => (string[])[pool.Name, pool.Policy, Count(pool.QueueLength), Count(pool.QueueBytes)]));
        WriteTenants(environment, fleet);
        if (fleet.Refusals.Count > 0)
        {
            output.WriteLine();
            output.WriteLine($"refused: {string.Join(", ", fleet.Refusals.OrderByDescending(pair => pair.Value).Select(pair => $"{TerminalText.OneLine(pair.Key)} {Count(pair.Value)}"))}");
        }
    }

    private static void WriteTenants(CliEnvironment environment, FleetSnapshot fleet)
    {
        if (fleet.Tenants.Count == 0)
        {
            return;
        }

        environment.Output.WriteLine();
        TableWriter.Write(
            environment,
            ["TENANT", "REQ/S", "TOK/S", "WAIT", "TODAY", "MONTH"],
            fleet.Tenants.OrderByDescending(tenant => tenant.TokensPerSecond).ThenBy(tenant => tenant.Name, StringComparer.Ordinal).Take(MaxTenants).Select(tenant => (string[])
            [
                tenant.Name.Length == 0 ? "(everybody)" : tenant.Name,
                Rate(tenant.RequestsPerSecond),
                Rate(tenant.TokensPerSecond),
                Count(tenant.Waiting),
                Budget(tenant.SpentToday, tenant.BudgetPerDay),
                Budget(tenant.SpentThisMonth, tenant.BudgetPerMonth),
            ]));
        if (fleet.Tenants.Count > MaxTenants)
        {
            environment.Output.WriteLine($"and {fleet.Tenants.Count - MaxTenants} more");
        }
    }

    private static string[] Row(PoolSnapshot pool, ReplicaSnapshot replica) =>
    [
        pool.Name, replica.Name, replica.Kind, replica.State, Count(replica.Running), Count(replica.Waiting),
        Rate(replica.InputTokensPerSecond), Rate(replica.OutputTokensPerSecond), Time(replica.TtftP50Seconds), Time(replica.TtftP90Seconds),
        replica.CacheHitShare?.ToString("P0", CultureInfo.InvariantCulture) ?? "",
    ];

    private static string Count(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Rate(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Time(double? seconds) => seconds is not double value ? ""
        : value < 1 ? string.Create(CultureInfo.InvariantCulture, $"{value * 1000:0} ms") : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} s");

    private static string Budget(decimal spent, decimal? limit) =>
        limit is decimal most ? string.Create(CultureInfo.InvariantCulture, $"{spent:0.00##} of {most:0.####}") : spent.ToString("0.00##", CultureInfo.InvariantCulture);
}

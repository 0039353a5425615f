using System.Globalization;
using System.Reflection;
using Tiercel.Bench.Replay;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;
using Tiercel.Simulation.Routing;

// Tiercel.Bench.Replay --twin TRACE [--seconds 900] [--loads 1,1.5,2] [--policies cost,round_robin,…] [--speeds 1] [--blocks 2500] [--engines 8] [--no-objective] [--tune Name=value,…]
// Tiercel.Bench.Replay --micro
// Replays a trace through the production router in front of simulated engines, in virtual time; a line for each policy and load.
Dictionary<string, string> given = [];
for (int i = 0; i < args.Length; i++)
{
    given[args[i]] = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : "";
}

if (given.ContainsKey("--micro"))
{
    DecisionCost.Measure();
    return 0;
}

if (!given.TryGetValue("--twin", out string? trace) || trace.Length == 0)
{
    Console.Error.WriteLine("usage: --twin TRACE [--seconds 900] [--loads 1,1.5,2] [--policies cost,…] [--speeds 2,1,…] [--blocks 2500] [--engines 8] [--no-objective] [--tune Name=value,…]");
    return 2;
}

double Number(string name, double usual) => given.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : usual;
double[] Numbers(string name, string usual) => [.. given.GetValueOrDefault(name, usual).Split(',').Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
RoutingTuning tuning = new();
foreach (string pair in given.GetValueOrDefault("--tune", "").Split(',', StringSplitOptions.RemoveEmptyEntries))
{
    string[] sides = pair.Split('=');
    PropertyInfo property = typeof(RoutingTuning).GetProperty(sides[0])!;
    property.SetValue(tuning, double.Parse(sides[1], CultureInfo.InvariantCulture));
}

const string Made = "synthetic:";
int[] seeds = [.. Numbers("--seeds", "1").Select(seed => (int)seed)];
TraceRow[][] traces = [.. seeds.Select(seed => trace.StartsWith(Made, StringComparison.Ordinal)
    ? SyntheticTrace.Make(trace[Made.Length..], Number("--seconds", 900), seed)
    : TraceReader.Read(trace, Number("--seconds", 900), seed))];
Console.WriteLine(TwinTable.Header);
foreach (string policy in given.GetValueOrDefault("--policies", "cost").Split(','))
{
    foreach (double load in Numbers("--loads", "1,1.5,2"))
    {
        long start = TimeProvider.System.GetTimestamp();
        TwinReport[] reports = [.. traces.Select(rows => new FleetTwin(new TwinOptions
        {
            Engines = (int)Number("--engines", 8),
            Blocks = (int)Number("--blocks", 2500),
            Speeds = Numbers("--speeds", "1"),
            Load = load,
            Latency = Number("--latency", 0.005),
            ReportInterval = Number("--report", 1),
            TellsCachedTokens = !given.ContainsKey("--no-cached-tokens"),
            TtftObjective = given.ContainsKey("--no-objective") ? null : Number("--ttft", 5),
            Router = new PoolRouterOptions { Policy = Enum.Parse<RoutingPolicyKind>(policy.Replace("_", "", StringComparison.Ordinal), ignoreCase: true), Tuning = tuning },
        }).Run(rows))];
        Console.WriteLine(TwinTable.Line(policy, load, reports, TimeProvider.System.GetElapsedTime(start)));
    }
}

return 0;

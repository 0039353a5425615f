using System.Globalization;
using Tiercel.Bench.Overload;

// Tiercel.Bench.Overload --tiercel PATH/tiercel.dll [--workers 2] [--seconds 10] [--rounds 5] [--tokens 384] [--objective 2]
// Starts workers and a gateway, finds what they serve at their peak, and offers 1, 1.25 and 10 times that, then a flood of one tenant beside another.
Dictionary<string, string> given = [];
for (int i = 0; i + 1 < args.Length; i += 2)
{
    given[args[i]] = args[i + 1];
}

if (!given.TryGetValue("--tiercel", out string? program) || !File.Exists(program))
{
    Console.Error.WriteLine("usage: --tiercel PATH/tiercel.dll [--workers 2] [--seconds 10] [--rounds 5] [--tokens 384] [--objective 2]");
    return 2;
}

double Number(string name, double usual) => given.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : usual;
void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
double Median(IEnumerable<double> values)
{
    double[] sorted = [.. values.Order()];
    return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}

int workers = (int)Number("--workers", 2);
int tokens = (int)Number("--tokens", 384);
double seconds = Number("--seconds", 10);
double objective = Number("--objective", 2);
await using BenchFleet fleet = await BenchFleet.StartAsync(program, workers);
Load load = new(fleet, tokens, objective);
Say($"{Machine.Describe()}; {fleet.Shares}; {workers} workers of {BenchFleet.Concurrency} requests each, {tokens} tokens an answer; good: first token within {objective} s; queue of at most {BenchFleet.QueueLength}");

// More clients than the fleet computes at one time, each with its next request when the last is answered, so that no worker ever waits for a client. It
// gets faster while its code is compiled: measured until it has not for two turns.
int clients = workers * BenchFleet.Concurrency + BenchFleet.QueueLength / 4;
double peak = 0;
for (int turn = 0, same = 0; turn < 12 && same < 2; turn++)
{
    double rate = await load.PeakAsync(clients, seconds / 2);
    same = rate > 1.03 * peak ? 0 : same + 1;
    peak = Math.Max(peak, rate);
}

Say($"warm at {peak:0.0} requests/s");
List<double> peaks = [];
List<LoadResult> even = [], full = [], tenfold = [], flood = [];
for (int round = 0; round < (int)Number("--rounds", 5); round++)
{
    // What is offered follows the round's own peak, since full load is no load where the machine has become faster meanwhile. The calm tenant
    // asks for a quarter of it all the time; the other for the rest of what is offered. At the peak places are free now and then, since requests
    // come at random; with a quarter more than there is none is, after a moment.
    peak = await load.PeakAsync(clients, seconds);
    double calm = peak / 4;
    peaks.Add(peak);
    Say($"peak  {peak:0.0}/s");
    even.Add(await load.RunAsync(calm, peak - calm, seconds));
    Say($"1x    {even[^1]}");
    full.Add(await load.RunAsync(calm, (1.25 * peak) - calm, seconds));
    Say($"full  {full[^1]}");
    tenfold.Add(await load.RunAsync(2.5 * peak, 7.5 * peak, seconds));
    Say($"10x   {tenfold[^1]}");
    flood.Add(await load.RunAsync(calm, 10 * (peak - calm), seconds));
    Say($"flood {flood[^1]}");
}

double goodput = Median(tenfold.Select(result => result.Goodput));
double best = new[] { Median(peaks), Median(even.Select(result => result.Goodput)), Median(full.Select(result => result.Goodput)) }.Max();
int longest = even.Concat(full).Concat(tenfold).Concat(flood).Max(result => result.LongestQueue);
Say($"goodput at 10x {goodput:0.0}/s, {goodput / best:0.00} of the peak (target 0.90); longest queue {longest} (bound {BenchFleet.QueueLength})");
foreach ((string before, List<LoadResult> rounds) in new[] { ("at the peak", even), ("at full load", full) })
{
    foreach (double share in new[] { 0.5, 0.99 })
    {
        (double quiet, double loud) = (Median(rounds.Select(result => LoadResult.CalmTtft([result], share))), Median(flood.Select(result => LoadResult.CalmTtft([result], share))));
        (double allQuiet, double allLoud) = (LoadResult.CalmTtft(rounds, share), LoadResult.CalmTtft(flood, share));
        Say($"p{100 * share:0} of the calm tenant {quiet:0.000} s {before}, {loud:0.000} s in the flood: {loud / quiet:0.00}; of all rounds together {allQuiet:0.000} and {allLoud:0.000} s: {allLoud / allQuiet:0.00}{(share > 0.9 ? " (target 1.20)" : "")}");
    }
}

(long answers, long made) = await fleet.EnginesAsync();
(long billed, long billedTokens) = await fleet.LedgerAsync();
Say($"clients had {load.Served} answers; engines made {made} tokens for {answers}; the ledger has {billedTokens} for {billed}: {(made == billedTokens && billed == load.Served ? "equal" : "NOT EQUAL")}");
return made == billedTokens && billed == load.Served ? 0 : 1;

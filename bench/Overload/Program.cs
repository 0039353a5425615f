using System.Globalization;
using Tiercel.Bench.Overload;

// Tiercel.Bench.Overload --tiercel PATH/tiercel.dll [--workers 2] [--seconds 20] [--tokens 32] [--objective 2]
// Starts workers and a gateway, finds what they serve at their peak, and offers 1 and 10 times that, then a flood of one tenant beside another.
Dictionary<string, string> given = [];
for (int i = 0; i + 1 < args.Length; i += 2)
{
    given[args[i]] = args[i + 1];
}

if (!given.TryGetValue("--tiercel", out string? program) || !File.Exists(program))
{
    Console.Error.WriteLine("usage: --tiercel PATH/tiercel.dll [--workers 2] [--seconds 20] [--tokens 32] [--objective 2]");
    return 2;
}

double Number(string name, double usual) => given.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : usual;
int workers = (int)Number("--workers", 2);
double seconds = Number("--seconds", 20);
double objective = Number("--objective", 2);
await using BenchFleet fleet = await BenchFleet.StartAsync(program, workers);
Load load = new(fleet, (int)Number("--tokens", 32), objective);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{workers} workers, {Environment.ProcessorCount} processors; good: first token within {objective} s; queue of at most {BenchFleet.QueueLength}"));

// As many clients as the fleet computes at one time, each with its next request when the last is answered: what it serves at its peak.
await load.PeakAsync(workers * BenchFleet.Concurrency, seconds / 2);
double peak = await load.PeakAsync(workers * BenchFleet.Concurrency, seconds);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peak {peak:0.0} requests/s"));

// The calm tenant asks for a quarter of the peak all the time; the other for the rest of what is offered.
double calm = peak / 4;
LoadResult once = await load.RunAsync(calm, peak - calm, seconds);
Console.WriteLine($"1x    {once}");
LoadResult tenfold = await load.RunAsync(2.5 * peak, 7.5 * peak, seconds);
Console.WriteLine($"10x   {tenfold}");
LoadResult flood = await load.RunAsync(calm, 10 * (peak - calm), seconds);
Console.WriteLine($"flood {flood}");
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"goodput at 10x / at 1x: {tenfold.Goodput / once.Goodput:0.00}; p99 of the calm tenant in the flood / at 1x: {flood.CalmTtft(0.99) / once.CalmTtft(0.99):0.00}"));
return 0;

using System.Globalization;
using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Measuring;

namespace Tiercel.Bench.Engine.Http;

/// <summary>
/// Throughput and waiting against offered load. First the capacity, as what 32 users get who ask again as soon as they are answered; then an open loop at shares of it: requests come when they come
/// (Poisson, from a seed), whether or not earlier ones have been answered. Each load has a server of its own. The longest steps show in the times between tokens.
/// </summary>
internal sealed class SaturationRun(HttpClient http, bool quick)
{
    private const int Users = 32;
    private const int Outputs = 64;

    private static readonly double[] Loads = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

    private readonly ChatMessage _system = new("system", WordSource.Text(280, seed: 1));
    private readonly double _seconds = quick ? 8 : 30;

    /// <summary>Prints a line for each load.</summary>
    public async Task RunAsync(Func<Task<ServerProcess>> start)
    {
        double capacity;
        using (ServerProcess server = await start())
        {
            capacity = await CapacityAsync(server);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"capacity {capacity:f2} requests/s of {Outputs} tokens, shared prefix of 300 tokens, own question of 40 words"));
        Console.WriteLine($"{"load",5} {"req/s",7} {"sent",5} {"refused",7} {"tok/s",7} | {"ttft p50",8} {"p90",7} {"p99",7} s | {"itl p50",7} {"p90",6} {"p99",6} {"max",6} ms");
        foreach (double load in Loads)
        {
            using ServerProcess server = await start();
            await AskAsync(server, 0, CancellationToken.None);
            Print(load, load * capacity, await OfferAsync(server, load * capacity));
        }
    }

    private async Task<double> CapacityAsync(ServerProcess server)
    {
        int rounds = quick ? 2 : 4;
        await Task.WhenAll(Enumerable.Range(0, Users).Select(user => AskAsync(server, user, CancellationToken.None)));
        long start = Clock.Now;
        await Task.WhenAll(Enumerable.Range(1, Users).Select(async user =>
        {
            for (int round = 0; round < rounds; round++)
            {
                await AskAsync(server, (user * 100) + round, CancellationToken.None);
            }
        }));
        return Users * rounds / Clock.SecondsSince(start);
    }

    /// <summary>Sends requests for a while, then waits for the answers; the seconds are those until the last has come.</summary>
    private async Task<(List<Answer> Answers, double Seconds)> OfferAsync(ServerProcess server, double rate)
    {
        Random random = new(7);
        List<Task<Answer>> running = [];
        long start = Clock.Now;
        double due = 0;
        while (true)
        {
            due += -Math.Log(1 - random.NextDouble()) / rate;
            if (due > _seconds)
            {
                break;
            }

            double wait = due - Clock.SecondsSince(start);
            if (wait > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(wait), TimeProvider.System, CancellationToken.None);
            }

            running.Add(AskAsync(server, 10_000 + running.Count, CancellationToken.None));
        }

        Answer[] answers = await Task.WhenAll(running);
        return ([.. answers], Clock.SecondsSince(start));
    }

    private async Task<Answer> AskAsync(ServerProcess server, int seed, CancellationToken cancellationToken)
    {
        try
        {
            (StreamTimes times, _, int tokens) = await ChatRequest.SendAsync(
                http, server, [_system, new("user", WordSource.Text(40, 50_000 + seed))], Outputs, cancellationToken: cancellationToken);
            return new Answer(times, tokens);
        }
        catch (InvalidOperationException)
        {
            // Refused with a status: an overloaded server says so early.
            return new Answer(null, 0);
        }
    }

    private static void Print(double load, double rate, (List<Answer> Answers, double Seconds) run)
    {
        StreamTimes[] answered = [.. run.Answers.Where(answer => answer.Times is { Tokens.Count: > 0 }).Select(answer => answer.Times!)];
        double[] first = [.. answered.Select(times => Clock.Seconds(times.Start, times.Tokens[0])).Order()];
        double[] between = [.. answered.SelectMany(times => times.Tokens.Zip(times.Tokens.Skip(1), (before, after) => 1000 * Clock.Seconds(before, after))).Order()];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{load,5:f2} {rate,7:f2} {run.Answers.Count,5} {run.Answers.Count - answered.Length,7} {run.Answers.Sum(answer => answer.Tokens) / run.Seconds,7:f0} | {At(first, 0.5),8:f2} {At(first, 0.9),7:f2} {At(first, 0.99),7:f2}   | {At(between, 0.5),7:f1} {At(between, 0.9),6:f1} {At(between, 0.99),6:f1} {At(between, 1),6:f0}"));
    }

    private static double At(double[] ascending, double share) => ascending.Length == 0 ? double.NaN : ascending[Math.Min(ascending.Length - 1, (int)(share * ascending.Length))];

    /// <summary>What came of a request; no times where it was refused.</summary>
    private sealed record Answer(StreamTimes? Times, int Tokens);
}

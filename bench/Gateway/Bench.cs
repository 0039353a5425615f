using System.Globalization;
using System.Text.Json;

namespace Tiercel.Bench.Gateway;

/// <summary>The run: latency at a moderate rate and throughput and CPU over many connections, then memory with many open streams; always by turns.</summary>
internal static class Bench
{
    /// <summary>Requests that nobody counts, before the first that somebody does: compilers and pools settle.</summary>
    private const int WarmUp = 40_000;

    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(10);

    public static int Run(BenchOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("bench-gateway").FullName;
        using Contenders contenders = new(options, folder);
        contenders.Start();
        List<Measured> results = [];
        foreach (Workload workload in Workload.All.Where(one => options.Workloads.Count == 0 || options.Workloads.Contains(one.Name)))
        {
            List<Contender> able = [.. contenders.All.Where(contender => Warm(contender, workload, options.Connections))];
            List<Measured> rows = [.. able.Select(contender => new Measured(workload.Name, contender.Name))];
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int i = 0; i < rows.Count; i++)
                {
                    Latency.Run(able[i], workload, TimeSpan.FromSeconds(options.Seconds), rows[i]);
                }

                for (int i = 0; i < rows.Count; i++)
                {
                    (double rate, double cpu) = Throughput.Run(able[i], workload, options.Connections, TimeSpan.FromSeconds(options.Seconds), long.MaxValue);
                    rows[i].Rates.Add(rate);
                    rows[i].CpuMicroseconds.Add(cpu);
                }
            }

            results.AddRange(rows);
            Report.Print(rows);
        }

        if (options.Streams > 0)
        {
            Console.WriteLine($"{"memory",-12} MB before, MB with {options.Streams} open streams");
            // Portkey does not stream from this upstream, and who was called directly has no gateway.
            foreach (Contender contender in contenders.All.Where(one => one.Name is not ("direct" or "portkey")))
            {
                (double before, double open) = Memory.Run(contender, options.Streams);
                results.Add(new Measured("memory", contender.Name) { MegabytesBefore = before, MegabytesOpen = open });
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{contender.Name,-12} {before,8:F0} {open,8:F0}"));
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"target",-12} {"",8} {"< " + Targets.MegabytesOpen,8}"));
        }

        if (options.Out is not null)
        {
            File.WriteAllText(options.Out, JsonSerializer.Serialize(results, Measured.Json));
        }

        return 0;
    }

    /// <returns>False when the contender cannot do it at all.</returns>
    private static bool Warm(Contender contender, Workload workload, int connections)
    {
        try
        {
            _ = Throughput.Run(contender, workload, connections, LongestWarmUp, WarmUp);
            return true;
        }
        catch (InvalidOperationException error)
        {
            Console.WriteLine($"{contender.Name} is left out of {workload.Name}: {error.Message.Split('\n')[0]}");
            return false;
        }
    }
}

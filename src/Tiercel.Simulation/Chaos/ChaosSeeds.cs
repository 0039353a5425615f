namespace Tiercel.Simulation.Chaos;

/// <summary>Runs many seeds, and finds the least that fails of those that do.</summary>
internal static class ChaosSeeds
{
    /// <summary>Failures that are looked into; where more fail, the first ones tell enough.</summary>
    private const int MaxFailures = 4;

    /// <param name="optionsOf">The options of a seed.</param>
    /// <param name="threads">Each runs seeds of its own; the runs do not know of each other.</param>
    public static (ChaosTally Tally, IReadOnlyList<ChaosFailure> Failures) Run(int from, int count, int threads, Func<int, ChaosOptions> optionsOf)
    {
        ChaosTally total = new();
        List<ChaosFailure> failures = [];
        int next = from - 1;
        void Work()
        {
            ChaosTally own = new();
            for (int seed = Interlocked.Increment(ref next); seed < from + count && failures.Count < MaxFailures; seed = Interlocked.Increment(ref next))
            {
                if (Try(optionsOf(seed), own) is { } failure)
                {
                    ChaosFailure shrunk = failure with { Least = Shrink(failure) };
                    lock (failures)
                    {
                        failures.Add(shrunk);
                    }
                }
            }

            lock (total)
            {
                total.Add(own);
            }
        }

        Thread[] team = [.. Enumerable.Range(0, threads).Select(index => new Thread(Work) { Name = $"seeds {index}", IsBackground = true })];
        Array.ForEach(team, thread => thread.Start());
        Array.ForEach(team, thread => thread.Join());
        return (total, [.. failures.OrderBy(failure => failure.Drawn.Seed)]);
    }

    /// <summary>Runs a seed; null when all checks hold.</summary>
    public static ChaosFailure? Try(ChaosOptions options, ChaosTally? tally = null)
    {
        ChaosRun? run = null;
        try
        {
            run = new ChaosRun(options);
            run.Run();
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return new ChaosFailure(options, options, error);
        }
        finally
        {
            if (run is not null)
            {
                tally?.Add(run.Tally);
            }
        }
    }

    /// <summary>The invariant that was violated, or the exception that a decision threw.</summary>
    public static string NameOf(Exception error) => error is InvariantViolationException violation ? violation.Invariant : error.GetType().Name;

    /// <summary>Leaves out faults, requests and workers as long as the same check still fails.</summary>
    public static ChaosOptions Shrink(ChaosFailure failure)
    {
        ChaosOptions least = failure.Drawn;
        for (bool smaller = true; smaller;)
        {
            smaller = false;
            foreach (ChaosOptions candidate in Smaller(least))
            {
                if (Try(candidate)?.Invariant == failure.Invariant)
                {
                    least = candidate;
                    smaller = true;
                    break;
                }
            }
        }

        return least;
    }

    private static IEnumerable<ChaosOptions> Smaller(ChaosOptions options)
    {
        foreach (Faults fault in Enum.GetValues<Faults>())
        {
            if (fault != Faults.None && options.Faults.HasFlag(fault))
            {
                yield return options with { Faults = options.Faults & ~fault };
            }
        }

        if (options.Incidents > 1)
        {
            yield return options with { Incidents = options.Incidents / 2 };
            yield return options with { Incidents = options.Incidents - 1 };
        }

        if (options.Requests > 1)
        {
            yield return options with { Requests = options.Requests / 2 };
            yield return options with { Requests = options.Requests - 1 };
        }

        if (options.Workers > 1)
        {
            yield return options with { Workers = options.Workers - 1 };
        }

        if (options.MaxChoices > 1)
        {
            yield return options with { MaxChoices = 1 };
        }

        if (options.Tenants > 1)
        {
            yield return options with { Tenants = 1 };
        }

        if (options.NumericsIds > 1)
        {
            yield return options with { NumericsIds = 1 };
        }
    }
}

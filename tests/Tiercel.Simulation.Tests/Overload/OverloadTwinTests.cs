using Tiercel.Gateway.Configuration;
using Tiercel.Simulation.Overload;

namespace Tiercel.Simulation.Tests.Overload;

/// <summary>
/// What the gateway promises under more load than its fleet can serve, shown in virtual time with the production decisions: goodput that does not fall, a
/// queue within its bound, and tenants that are not hurt by one that floods.
/// </summary>
public sealed class OverloadTwinTests
{
    private const double Goodput = 0.9;
    private const double Move = 1.2;

    // What four workers of sixteen requests each serve in a second, and foreign engines under an objective; measured, and only to choose loads around it.
    private const double WorkersServe = 32.5;
    private const double ForeignServe = 50;

    /// <summary>Workers, in front of which requests wait in the fair queue; no objective.</summary>
    private static OverloadOptions Workers => new() { Tenants = [], Seconds = 300 };

    /// <summary>Foreign engines that take many at one time, so that nothing waits in the gateway and objectives alone refuse.</summary>
    private static OverloadOptions Foreign => new()
    {
        Tenants = [],
        Seconds = 200,
        Foreign = true,
        Concurrency = 256,
        GoodWithin = 2,
        Class = new ServiceClass { Name = "interactive", TimeToFirstToken = TimeSpan.FromSeconds(2), TimePerOutputToken = TimeSpan.FromMilliseconds(100) },
    };

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        OverloadOptions options = Workers with { Tenants = Equal(40), Seconds = 60 };
        Assert.Equal(new OverloadTwin(options).Run().ToString(), new OverloadTwin(options).Run().ToString());
        Assert.NotEqual(new OverloadTwin(options).Run().ToString(), new OverloadTwin(options with { Seed = 2 }).Run().ToString());
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void At_ten_times_the_load_goodput_stays_and_the_queue_is_bounded(bool foreign, int seed)
    {
        OverloadOptions options = (foreign ? Foreign : Workers) with { Seconds = 80, Seed = seed };
        double serves = foreign ? ForeignServe : WorkersServe;
        double peak = new[] { 0.9, 1.2, 1.5 }.Max(load => Run(options, Equal(load * serves)).Goodput);
        OverloadReport overload = Run(options, Equal(10 * serves));
        AssertHolds(overload, options, peak);
        Assert.True(foreign || overload.LongestQueue > 100, "nothing waited");
    }

    /// <summary>Whoever is let in whenever a prediction says so lets in those for whom it was wrong: half of what is served comes too late.</summary>
    [Fact]
    public void Predictions_that_are_believed_to_the_last_are_found()
    {
        OverloadOptions options = Foreign with { Seconds = 80 };

        // Those that are served under overload are the short ones, so that more of them are served than at any lesser load: that is the peak to compare with.
        double peak = Run(options, Equal(10 * ForeignServe)).Goodput;
        OverloadReport late = Run(options with { Defect = OverloadDefect.BelievesPredictions }, Equal(10 * ForeignServe));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertHolds(late, options, peak));
        Assert.True(late.Goodput < Goodput * peak, late.ToString());
    }

    [Fact]
    public void A_queue_without_a_bound_is_found()
    {
        OverloadOptions options = Workers with { Seconds = 120 };
        double peak = Run(options, Equal(WorkersServe)).Goodput;
        OverloadReport endless = Run(options with { Defect = OverloadDefect.WaitsWithoutBound }, Equal(10 * WorkersServe));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertHolds(endless, options, peak));
        Assert.True(endless.LongestQueue > options.Queue.MaxRequests && endless.Goodput < Goodput * peak, endless.ToString());
    }

    /// <summary>The fleet is as full before the flood as it can be; what the flood takes, it takes from the tenant that floods.</summary>
    [Theory]
    [InlineData(false, 1, 10)]
    [InlineData(false, 2, 10)]
    [InlineData(true, 1, 2)]
    [InlineData(true, 2, 10)]
    [InlineData(true, 1, 30)]
    public void A_tenant_that_floods_does_not_move_the_others(bool foreign, int seed, double times)
    {
        OverloadReport report = Flooded(foreign, seed, times);
        AssertCalm(report);

        // What is kept from the one that floods is not kept from the fleet, which serves as much as before, and the tenant itself gets no less.
        Assert.True(report.GoodputAfter >= 0.95 * report.Goodput, report.ToString());
        Assert.True(report.After["d"].Good >= 0.95 * report.Before["d"].Good, report.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_line_for_all_tenants_is_found(bool foreign)
    {
        OverloadReport unfair = Flooded(foreign, 1, 10, OverloadDefect.OneLineForAll);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertCalm(unfair));
    }

    /// <summary>Where an objective is all that limits what engines are given, whoever floods would fill them up to it.</summary>
    [Fact]
    public void A_flood_that_fills_the_engines_is_found()
    {
        OverloadReport filled = Flooded(foreign: true, 1, 30, OverloadDefect.FloodFillsEngines);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertCalm(filled));
        Assert.True(Ttft(filled.After) > Move * Ttft(filled.Before), filled.ToString());
    }

    /// <summary>All ask for the same at full load, then one floods: the others' share is full, and stays theirs.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_all_are_at_their_share_a_flood_does_not_take_it(bool foreign)
    {
        OverloadOptions options = (foreign ? Foreign : Workers) with { FloodAt = 100, Seconds = 200 };
        OverloadReport report = Run(options, Equal(1.3 * (foreign ? ForeignServe : WorkersServe), flood: 10));
        double before = Others(report.Before).Sum(tally => tally.Good) / (options.FloodAt - options.WarmUp);
        double after = Others(report.After).Sum(tally => tally.Good) / (options.Seconds - options.FloodAt - options.WarmUp);
        Assert.True(after >= Goodput * before, report.ToString());
        Assert.True(Ttft(report.After) <= Move * Ttft(report.Before), report.ToString());
    }

    /// <summary>
    /// Before the flood there are places free now and then, after it there would be none: the others find theirs kept. The fleet serves no less for it, and the
    /// others' times stay what they were.
    /// </summary>
    [Theory]
    [InlineData(4, 16, 0.9)]
    [InlineData(4, 16, 1.0)]
    [InlineData(2, 8, 0.9)]
    [InlineData(2, 8, 1.0)]
    public void Where_places_were_free_a_flood_does_not_make_the_others_wait_for_one(int workers, int places, double load)
    {
        (OverloadReport[] reports, double before, double after) = FloodedWithFreePlaces(workers, places, load, OverloadDefect.None);
        Assert.True(after <= Move * before, $"{before:0.000} s became {after:0.000} s\n{string.Join('\n', (object[])reports)}");
        Assert.All(reports, report => Assert.True(report.GoodputAfter >= 0.95 * report.Goodput, report.ToString()));
    }

    [Theory]
    [InlineData(4, 16)]
    [InlineData(2, 8)]
    public void A_flood_that_takes_all_places_is_found(int workers, int places)
    {
        (_, double kept, _) = FloodedWithFreePlaces(workers, places, 0.7, OverloadDefect.None);
        (OverloadReport[] reports, double before, double after) = FloodedWithFreePlaces(workers, places, 0.7, OverloadDefect.FloodTakesAllPlaces);
        Assert.True(after > Move * before && after > Move * kept, $"{before:0.000} s became {after:0.000} s\n{string.Join('\n', (object[])reports)}");
    }

    /// <summary>Three that ask for a twelfth of what the fleet serves each, and one that asks for the rest of a load, and then for ten times that. The 99th percentile is the mean of three runs, seconds.</summary>
    private static (OverloadReport[] Reports, double Before, double After) FloodedWithFreePlaces(int workers, int places, double load, OverloadDefect defect)
    {
        // Small batches take less time for each step, so that fewer places serve more than their part.
        double serves = WorkersServe * (workers * places / 64.0) * (places < 16 ? 1.3 : 1);
        OverloadReport[] reports =
        [
            .. Enumerable.Range(1, 3).Select(seed => Run(
                Workers with { FloodAt = 150, Seconds = 300, WarmUp = 30, Seed = seed, Workers = workers, Concurrency = places, Defect = defect },
                [new("a", serves / 12), new("b", serves / 12), new("c", serves / 12), new("d", serves * (load - 0.25), FloodTimes: 10)])),
        ];
        return (reports, reports.Average(report => Ttft(report.Before)), reports.Average(report => Ttft(report.After)));
    }

    private static OverloadReport Flooded(bool foreign, int seed, double times, OverloadDefect defect = OverloadDefect.None)
    {
        // Three that ask for half of their share, and one that takes what is left before it asks for ten times that.
        double serves = foreign ? ForeignServe : WorkersServe;
        OverloadOptions options = (foreign ? Foreign : Workers) with { FloodAt = 150, Seconds = 300, WarmUp = 30, Seed = seed, Defect = defect };
        return Run(options, [new("a", serves / 8), new("b", serves / 8), new("c", serves / 8), new("d", serves * 0.7, FloodTimes: times)]);
    }

    private static void AssertHolds(OverloadReport report, OverloadOptions options, double peak)
    {
        Assert.True(report.Goodput >= Goodput * peak, $"{report} against a peak of {peak:0.00}/s");
        Assert.InRange(report.LongestQueue, 0, options.Queue.MaxRequests);

        // Who is refused is refused at once, or when the wait that it was given is over; the pulse looks every tenth of a second.
        double wait = Math.Min(options.Queue.MaxWait.TotalSeconds, options.Class?.TimeToFirstToken?.TotalSeconds ?? double.MaxValue);
        Assert.All(report.Before.Values, tally => Assert.InRange(tally.SlowestRefusal, 0, wait + 0.11));
    }

    private static void AssertCalm(OverloadReport report)
    {
        Assert.True(Ttft(report.After) <= Move * Ttft(report.Before), report.ToString());
        Assert.All(Others(report.After), tally => Assert.True(tally.Good >= 0.98 * tally.Offered, report.ToString()));
        Assert.True(report.After["d"].Refused > report.After["d"].Offered / 2, "nothing flooded: " + report);
    }

    private static IEnumerable<TenantTally> Others(Dictionary<string, TenantTally> tallies) => tallies.Where(pair => pair.Key != "d").Select(pair => pair.Value);

    /// <summary>The others' time to the first token, 99 % of them, seconds.</summary>
    private static double Ttft(Dictionary<string, TenantTally> tallies) => TenantTally.Ttft(Others(tallies), 0.99);

    private static TenantLoad[] Equal(double rate, double flood = 1) => [.. new[] { "a", "b", "c", "d" }.Select(name => new TenantLoad(name, rate / 4, name == "d" ? flood : 1))];

    private static OverloadReport Run(OverloadOptions options, TenantLoad[] tenants) => new OverloadTwin(options with { Tenants = tenants }).Run();
}

using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;
using Tiercel.Simulation.Routing;

namespace Tiercel.Simulation.Tests.Routing;

/// <summary>The production router in front of simulated engines, on traces made from a seed.</summary>
public sealed class FleetTwinTests
{
    private const double Seconds = 300;

    [Fact]
    public void The_same_trace_gives_the_same_run()
    {
        TraceRow[] rows = SyntheticTrace.Make("chat", Seconds, seed: 1);
        Assert.Equal(Run(rows, new TwinOptions()), Run(rows, new TwinOptions()));
    }

    /// <summary>
    /// What is refused and when a pool is full is decided alike for all policies, and what makes that better helps the fewest requests more, which fill a pool
    /// sooner. The bound is therefore on what each policy misses by itself, and on a share that does not depend on the other.
    /// </summary>
    [Theory]
    [InlineData("chat", 1.5, 0.97)]
    [InlineData("shared", 1.5, 0.95)]
    [InlineData("bursts", 1.0, 0.97)]
    public void Where_prompts_share_beginnings_cost_misses_less_than_half_of_what_the_fewest_requests_miss(string kind, double load, double least)
    {
        TraceRow[] rows = SyntheticTrace.Make(kind, Seconds, seed: 2);
        TwinReport cost = Run(rows, new TwinOptions { Load = load });
        TwinReport fewest = Run(rows, new TwinOptions { Load = load, Router = new PoolRouterOptions { Policy = RoutingPolicyKind.LeastRequest } });
        Assert.True(cost.WithinObjective > least, cost.ToString());
        Assert.True(1 - cost.WithinObjective < 0.5 * (1 - fewest.WithinObjective), $"{cost} against {fewest}");
    }

    /// <summary>Prompts come one behind another where more is asked for than can be served; streams that run would miss their pace for them.</summary>
    [Theory]
    [InlineData("chat")]
    [InlineData("bursts")]
    [InlineData("shared")]
    public void At_three_times_the_load_streams_that_were_let_in_keep_their_pace(string kind)
    {
        TwinReport[] held = [.. Enumerable.Range(1, 4).Select(seed => Run(SyntheticTrace.Make(kind, 2 * Seconds, seed), new TwinOptions { Load = 3 }))];
        PoolRouterOptions blind = new() { Tuning = new RoutingTuning { PaceStep = 0 } };
        TwinReport[] missed = [.. Enumerable.Range(1, 4).Select(seed => Run(SyntheticTrace.Make(kind, 2 * Seconds, seed), new TwinOptions { Load = 3, Router = blind }))];
        Assert.True(held.Average(run => run.SlowStream) < 0.1, string.Join("\n", held.AsEnumerable()));
        Assert.True(held.Average(run => run.SlowStream) < 0.75 * missed.Average(run => run.SlowStream), string.Join("\n", missed.AsEnumerable()));
        Assert.True(held.Average(run => run.WithinObjective) > missed.Average(run => run.WithinObjective) + 0.02, string.Join("\n", held.AsEnumerable()));
    }

    [Theory]
    [InlineData("unique")]
    [InlineData("decode")]
    [InlineData("short")]
    public void Where_nothing_is_shared_cost_is_no_worse_than_the_fewest_requests(string kind)
    {
        TraceRow[] rows = SyntheticTrace.Make(kind, Seconds, seed: 3);
        TwinReport cost = Run(rows, new TwinOptions());
        TwinReport fewest = Run(rows, new TwinOptions { Router = new PoolRouterOptions { Policy = RoutingPolicyKind.LeastRequest } });
        Assert.True(cost.WithinObjective > fewest.WithinObjective - 0.01, $"{cost} against {fewest}");
    }

    [Theory]
    [InlineData("unique")]
    [InlineData("bursts")]
    public void At_ten_times_the_load_as_many_requests_a_second_keep_their_objectives_as_at_the_peak(string kind)
    {
        TraceRow[] rows = SyntheticTrace.Make(kind, 1200, seed: 4);
        double peak = new[] { 1.0, 1.5, 2.0 }.Max(load => load * Run(rows, new TwinOptions { Load = load }).WithinObjective);
        double overload = 10 * Run(rows, new TwinOptions { Load = 10 }).WithinObjective;
        Assert.True(overload > 0.9 * peak, $"{overload} against {peak}");
    }

    [Fact]
    public void Devices_of_four_speeds_share_a_pool_without_tuning()
    {
        TraceRow[] rows = SyntheticTrace.Make("unique", Seconds, seed: 5);
        TwinReport unlike = Run(rows, new TwinOptions { Speeds = [2, 1, 1, 1, 1, 0.5, 0.5, 1] });
        Assert.True(unlike.WithinObjective > 0.93, unlike.ToString());
    }

    [Fact]
    public void Engines_ten_times_slower_than_supposed_are_learnt()
    {
        TraceRow[] rows = [.. SyntheticTrace.Make("unique", Seconds, seed: 6).Select(row => row with { At = row.At * 10 })];
        TwinReport slow = Run(rows, new TwinOptions { Speeds = [0.1], TtftObjective = 50, TpotObjective = 1 });
        Assert.True(slow.WithinObjective > 0.93, slow.ToString());
    }

    [Fact]
    public void Engines_that_do_not_tell_what_was_cached_are_still_used_by_their_caches()
    {
        TraceRow[] rows = SyntheticTrace.Make("chat", Seconds, seed: 7);
        TwinReport silent = Run(rows, new TwinOptions { TellsCachedTokens = false });
        Assert.True(silent.WithinObjective > 0.9 && silent.CachedShare > 0.6, silent.ToString());
    }

    [Fact]
    public void Nothing_is_under_way_when_the_trace_has_ended()
    {
        FleetTwin twin = new(new TwinOptions { Load = 2 });
        twin.Run(SyntheticTrace.Make("chat", Seconds, seed: 8));
        Assert.All(Enumerable.Range(0, 8), replica => Assert.Equal(default, twin.Router.Load(replica)));
    }

    private static TwinReport Run(TraceRow[] rows, TwinOptions options) => new FleetTwin(options).Run(rows);
}

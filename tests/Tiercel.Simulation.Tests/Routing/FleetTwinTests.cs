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

    [Theory]
    [InlineData("chat", 1.5)]
    [InlineData("shared", 1.5)]
    [InlineData("bursts", 1.0)]
    public void Where_prompts_share_beginnings_cost_keeps_more_objectives_than_the_fewest_requests(string kind, double load)
    {
        TraceRow[] rows = SyntheticTrace.Make(kind, Seconds, seed: 2);
        TwinReport cost = Run(rows, new TwinOptions { Load = load });
        TwinReport fewest = Run(rows, new TwinOptions { Load = load, Router = new PoolRouterOptions { Policy = RoutingPolicyKind.LeastRequest } });
        Assert.True(cost.WithinObjective > 0.9, cost.ToString());
        Assert.True(cost.WithinObjective > fewest.WithinObjective + 0.08, $"{cost} against {fewest}");
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

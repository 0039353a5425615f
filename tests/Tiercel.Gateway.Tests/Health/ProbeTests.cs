using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Tests.Health;

public class ProbeTests
{
    [Fact]
    public void A_connection_refused_on_this_machine_counts_at_once()
    {
        HealthRig rig = new(local: true);
        rig.PassWithProbes(1.25, order => order.Replica == 1 ? ProbeResult.Refused : ProbeResult.Passed);
        Assert.Equal(ReplicaState.Down, rig.StateOf(1));
        rig.End(2, AttemptOutcome.ConnectRefused);
        Assert.Equal(ReplicaState.Down, rig.StateOf(2));
    }

    [Fact]
    public void Elsewhere_it_counts_the_second_time()
    {
        HealthRig rig = new();
        rig.Book.Probed(1, ProbeKind.Health, ProbeResult.Refused, rig.Now);
        Assert.Equal(ReplicaState.Suspect, rig.StateOf(1));
        rig.Book.Probed(1, ProbeKind.Health, ProbeResult.Refused, rig.Now);
        Assert.Equal(ReplicaState.Down, rig.StateOf(1));
        rig.Book.Probed(1, ProbeKind.Health, ProbeResult.Passed, rig.Now);
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
    }

    [Fact]
    public void A_process_that_comes_back_is_noticed_within_about_a_second()
    {
        HealthRig rig = new(local: true, workers: true);
        rig.End(1, AttemptOutcome.ConnectRefused);
        rig.PassWithProbes(20, order => order.Replica == 1 ? ProbeResult.Refused : ProbeResult.Passed);
        Assert.Equal(ReplicaState.Down, rig.StateOf(1));
        rig.PassWithProbes(1.5, _ => ProbeResult.Passed);
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
    }

    [Fact]
    public void A_broken_connection_is_looked_into_at_once()
    {
        HealthRig rig = new(workers: true);
        rig.PassWithProbes(3, _ => ProbeResult.Passed, () => rig.Beat(1));
        Assert.Null(rig.Book.NextProbe(rig.Now));
        rig.End(1, AttemptOutcome.Reset);
        Assert.Equal(1, rig.Book.NextProbe(rig.Now)?.Replica);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
    }

    [Fact]
    public void Foreign_engines_are_probed_about_every_interval_and_one_at_a_time()
    {
        HealthRig rig = new(replicas: 1);
        List<ProbeOrder> probes = rig.PassWithProbes(100, _ => ProbeResult.Passed);
        Assert.InRange(probes.Count, 17, 23);
        Assert.All(probes, probe => Assert.Equal(ProbeKind.Health, probe.Kind));

        rig.Pass(5.5);
        Assert.NotNull(rig.Book.NextProbe(rig.Now));
        rig.Pass(5);
        Assert.Null(rig.Book.NextProbe(rig.Now));
        rig.Pass(1);
        Assert.NotNull(rig.Book.NextProbe(rig.Now));
    }

    [Fact]
    public void The_next_call_is_due_when_the_next_probe_is_and_at_least_twice_a_second()
    {
        HealthRig rig = new(replicas: 3);
        for (int i = 0; i < 200; i++)
        {
            TimeSpan due = rig.Book.NextDue(rig.Now);
            Assert.InRange(due, rig.Now, rig.Now + TimeSpan.FromMilliseconds(500));
            Assert.Equal(due == rig.Now, rig.Book.NextProbe(rig.Now) is not null);
            rig.PassWithProbes(0.25, _ => ProbeResult.Passed);
        }
    }

    [Fact]
    public void A_slow_health_page_takes_nobody_out_while_requests_succeed()
    {
        HealthRig rig = new(replicas: 4);
        for (int i = 0; i < 60; i++)
        {
            rig.Pass(1);
            ProbeOrder? order = rig.Book.NextProbe(rig.Now);
            rig.Pass(1);
            for (int replica = 1; replica <= 4; replica++)
            {
                rig.End(replica, AttemptOutcome.Success);
            }

            if (order is { } made)
            {
                rig.Book.Probed(made.Replica, made.Kind, ProbeResult.Failed, rig.Now);
            }
        }

        Assert.All(rig.Availability(), health => Assert.Equal(ReplicaState.Ok, health.State));
        Assert.True(rig.Book.Counters(1).FailedProbes > 3);
    }

    [Fact]
    public void When_all_checks_fail_everybody_is_used()
    {
        HealthRig rig = new(replicas: 4);
        rig.PassWithProbes(30, _ => ProbeResult.Failed);
        Assert.All(rig.Availability(), health => Assert.True(health is { State: ReplicaState.Down, Panic: true, Weight: 1 }));
    }

    [Fact]
    public void Below_the_panic_threshold_all_are_used_but_those_where_nobody_listens()
    {
        HealthRig rig = new(replicas: 5, local: true);
        rig.PassWithProbes(30, order => order.Replica switch { 1 or 2 => ProbeResult.Refused, 3 => ProbeResult.Failed, _ => ProbeResult.Passed });
        Assert.Equal([0, 0, 1, 1, 1], rig.Availability().Select(health => health.Weight));
        Assert.True(rig.Availability()[2].Panic);
    }

    [Fact]
    public void Above_the_panic_threshold_the_bad_ones_are_left_alone()
    {
        HealthRig rig = new(replicas: 4);
        rig.PassWithProbes(30, order => order.Replica <= 2 ? ProbeResult.Failed : ProbeResult.Passed);
        Assert.Equal([0, 0, 1, 1], rig.Availability().Select(health => health.Weight));
    }
}

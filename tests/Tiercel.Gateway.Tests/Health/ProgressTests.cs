using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Tests.Health;

/// <summary>Workers are judged by whether their step loop moves, not by whether somebody answers.</summary>
public class ProgressTests
{
    [Fact]
    public void A_worker_that_tells_of_steps_or_is_idle_is_fine_and_needs_no_probes()
    {
        HealthRig rig = new(replicas: 2, workers: true);
        long steps = 0;
        List<ProbeOrder> probes = rig.PassWithProbes(60, _ => ProbeResult.Failed, () =>
        {
            rig.Beat(1, steps: ++steps, requests: 3);
            rig.Beat(2, requests: 0);
        });
        Assert.All(rig.Availability(), health => Assert.Equal(ReplicaState.Ok, health.State));
        Assert.Empty(probes);
    }

    [Fact]
    public void A_worker_that_is_there_but_does_not_step_becomes_suspect_and_then_is_down()
    {
        HealthRig rig = new(replicas: 4, workers: true);
        Action beats = () =>
        {
            rig.Beat(1, steps: 5, requests: 1);
            rig.Beat(2);
            rig.Beat(3);
            rig.Beat(4);
        };
        rig.Pass(2.5, beats);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
        rig.Pass(1, beats);
        Assert.Equal(ReplicaState.Suspect, rig.StateOf(1));
        Assert.Equal(0, rig.Book.Of(1, rig.Now).Weight);
        Assert.True(rig.Book.HasStalled(1, TimeSpan.FromSeconds(3), rig.Now));
        Assert.False(rig.Book.HasStalled(1, TimeSpan.FromSeconds(1), rig.Now), "a stream that still moves stays where it is");
        List<ProbeOrder> probes = rig.PassWithProbes(3, _ => ProbeResult.Failed, beats);
        Assert.Equal(ReplicaState.Down, rig.StateOf(1));
        Assert.All(probes, probe => Assert.Equal(new ProbeOrder(1, ProbeKind.Generate), probe));

        rig.Pass(1, () => rig.Beat(1, steps: 6, requests: 1));
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
        Assert.False(rig.Book.HasStalled(1, TimeSpan.FromMinutes(1), rig.Now));
    }

    [Fact]
    public void A_greeting_does_not_clear_a_worker_whose_steps_stand_still()
    {
        HealthRig rig = new(workers: true);
        rig.Pass(4);
        Assert.Equal(ReplicaState.Suspect, rig.StateOf(1));
        rig.Book.Probed(1, ProbeKind.Health, ProbeResult.Passed, rig.Now);
        Assert.Equal(ReplicaState.Suspect, rig.StateOf(1));
        rig.Book.Probed(1, ProbeKind.Generate, ProbeResult.Passed, rig.Now);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
    }

    [Fact]
    public void A_worker_whose_events_are_lost_but_whose_requests_work_stays_in_use()
    {
        HealthRig rig = new(replicas: 1, workers: true);
        bool everLeft = false;
        List<ProbeOrder> probes = rig.PassWithProbes(60, _ => ProbeResult.Passed, () => everLeft |= rig.StateOf(1) != ReplicaState.Ok);
        Assert.False(everLeft);
        Assert.InRange(probes.Count, 20, 60);
    }

    [Fact]
    public void A_restart_wipes_what_was_held_against_the_worker_but_not_its_counters()
    {
        HealthRig rig = new(workers: true);
        rig.Beat(1, "a");
        rig.End(1, AttemptOutcome.ServerError, 5);
        Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
        rig.Beat(1, "b");
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
        Assert.Equal(5, rig.Book.Counters(1).Ended(AttemptOutcome.ServerError));
        Assert.Equal(1, rig.Book.Counters(1).Ejections);

        // A single failure of the new one is one failure.
        rig.End(1, AttemptOutcome.ServerError);
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
    }

    [Fact]
    public void Late_news_of_a_dead_worker_changes_nothing()
    {
        HealthRig rig = new(workers: true);
        rig.Beat(1, "a");
        rig.Beat(1, "b", steps: 1, requests: 1);
        rig.Pass(4, () => rig.Beat(1, "a", steps: 100, requests: 0, draining: true));
        Assert.Equal(ReplicaState.Suspect, rig.StateOf(1));
        Assert.Equal("b", rig.Book.Generation(1));
    }

    [Fact]
    public void A_worker_whose_news_was_heard_in_the_wrong_order_is_taken_for_itself_again()
    {
        HealthRig rig = new(replicas: 1, workers: true);
        rig.Beat(1, "b");
        rig.Beat(1, "a");
        Assert.Equal("a", rig.Book.Generation(1));

        // What is late stays late as long as the other is heard too.
        rig.Pass(20, () =>
        {
            rig.Beat(1, "b");
            rig.Beat(1, "a");
        });
        Assert.Equal("a", rig.Book.Generation(1));
        rig.Pass(9, () => rig.Beat(1, "b"));
        Assert.Equal("a", rig.Book.Generation(1));
        rig.Pass(2, () => rig.Beat(1, "b"));
        Assert.Equal("b", rig.Book.Generation(1));
        rig.Beat(1, "a");
        Assert.Equal("b", rig.Book.Generation(1));
    }

    [Fact]
    public void A_gateway_that_was_away_itself_blames_nobody()
    {
        HealthRig rig = new(workers: true);
        rig.Pass(1, () => rig.Beat(1));
        TimeSpan later = rig.Now + TimeSpan.FromSeconds(20);
        rig.Book.Advance(later);
        Assert.Equal(ReplicaState.Ok, rig.Book.Of(1, later).State);
    }

    [Fact]
    public void A_draining_worker_gets_nothing_new_not_even_in_a_panic()
    {
        HealthRig rig = new(replicas: 2, workers: true);
        rig.Beat(1, draining: true);
        rig.Beat(2);
        Assert.Equal(ReplicaState.Draining, rig.StateOf(1));
        rig.Pass(5, () => rig.Beat(1, draining: true));
        ReplicaHealth[] health = [.. rig.Availability()];
        Assert.Equal(0, health[0].Weight);
        Assert.True(health[1] is { State: ReplicaState.Suspect, Panic: true, Weight: 1 });
        rig.Beat(1);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
        rig.Book.Drain(1, true, rig.Now);
        Assert.Equal(ReplicaState.Draining, rig.StateOf(1));
        rig.Book.Drain(1, false, rig.Now);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
    }
}

using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Tests.Health;

public class EjectionTests
{
    [Fact]
    public void A_replica_that_fails_five_times_in_a_row_is_ejected_and_one_that_fails_four_times_is_not()
    {
        HealthRig rig = new();
        rig.End(1, AttemptOutcome.ServerError, 4);
        rig.End(1, AttemptOutcome.Success);
        rig.End(1, AttemptOutcome.ServerError, 4);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
        rig.End(1, AttemptOutcome.Malformed);
        Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
        Assert.Equal(0, rig.Book.Of(1, rig.Now).Weight);
        Assert.Contains("5 failures", rig.Transitions[^1].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(AttemptOutcome.Cancelled))]
    [InlineData(nameof(AttemptOutcome.ClientError))]
    [InlineData(nameof(AttemptOutcome.Overloaded))]
    public void What_is_not_the_replicas_fault_never_counts_against_it(string outcome)
    {
        HealthRig rig = new();
        rig.End(1, AttemptOutcome.ServerError, 4);
        rig.End(1, Enum.Parse<AttemptOutcome>(outcome), 100);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));

        // Nor does it end a row of failures.
        rig.End(1, AttemptOutcome.ServerError);
        Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
    }

    [Fact]
    public void It_comes_back_half_open_and_slowly_and_one_failure_ejects_it_for_longer()
    {
        HealthRig rig = new();
        rig.End(1, AttemptOutcome.ServerError, 5);
        rig.Pass(29.5);
        Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
        rig.Pass(0.5);
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
        Assert.Equal(0.1, rig.Book.Of(1, rig.Now).Weight, 6);
        rig.Pass(5);
        Assert.Equal(0.5, rig.Book.Of(1, rig.Now).Weight, 6);
        rig.End(1, AttemptOutcome.Timeout);
        Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
        rig.Pass(59.5);
        Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
        rig.Pass(0.5);
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
        rig.Pass(10);
        Assert.Equal(ReplicaState.Ok, rig.StateOf(1));
        Assert.Equal(2, rig.Book.Counters(1).Ejections);
    }

    [Fact]
    public void Ejections_grow_to_their_cap_and_are_forgotten_again()
    {
        HealthRig rig = new(settings: new HealthSettings { MaxEjection = TimeSpan.FromSeconds(70) });
        rig.End(1, AttemptOutcome.ServerError, 5);
        foreach (double expected in (double[])[30, 60, 70, 70])
        {
            rig.Pass(expected - 0.5);
            Assert.Equal(ReplicaState.Ejected, rig.StateOf(1));
            rig.Pass(0.5);
            Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
            rig.End(1, AttemptOutcome.ServerError);
        }

        rig.Pass(70 + 10 + (30 * 5) + 1);
        rig.End(1, AttemptOutcome.ServerError, 5);
        rig.Pass(30);
        Assert.Equal(ReplicaState.SlowStart, rig.StateOf(1));
    }

    [Fact]
    public void No_more_than_the_share_of_a_pool_is_ejected()
    {
        HealthRig rig = new(replicas: 10);
        for (int replica = 1; replica <= 10; replica++)
        {
            rig.End(replica, AttemptOutcome.ServerError, 20);
        }

        Assert.Equal(3, rig.Availability().Count(health => health.State == ReplicaState.Ejected));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    public void A_small_pool_keeps_all_but_one(int replicas, int ejected)
    {
        HealthRig rig = new(replicas);
        for (int replica = 1; replica <= replicas; replica++)
        {
            rig.End(replica, AttemptOutcome.ServerError, 20);
        }

        Assert.Equal(ejected, rig.Availability().Count(health => health.State == ReplicaState.Ejected));
    }

    [Fact]
    public void A_replica_with_first_tokens_three_times_as_late_as_the_others_is_ejected()
    {
        HealthRig rig = new();
        for (int i = 0; i < 10; i++)
        {
            rig.Pass(1, () => { });
            for (int replica = 1; replica <= 4; replica++)
            {
                FirstTokenAfter(rig, replica, replica == 2 ? 1.0 : 0.3, expected: null);
            }
        }

        rig.Pass(10);
        Assert.Equal([ReplicaState.Ok, ReplicaState.Ejected, ReplicaState.Ok, ReplicaState.Ok], rig.Availability().Select(health => health.State));
    }

    [Fact]
    public void A_device_that_is_slow_by_nature_is_measured_against_its_own_prediction()
    {
        HealthRig rig = new();
        for (int i = 0; i < 20; i++)
        {
            rig.Pass(1);
            for (int replica = 1; replica <= 4; replica++)
            {
                FirstTokenAfter(rig, replica, replica == 2 ? 3.0 : 0.3, expected: replica == 2 ? 2.5 : 0.3);
            }
        }

        Assert.All(rig.Availability(), health => Assert.Equal(ReplicaState.Ok, health.State));
    }

    [Fact]
    public void Lateness_that_nobody_would_notice_ejects_nobody()
    {
        HealthRig rig = new();
        for (int i = 0; i < 20; i++)
        {
            rig.Pass(1);
            for (int replica = 1; replica <= 4; replica++)
            {
                FirstTokenAfter(rig, replica, replica == 2 ? 0.09 : 0.01, expected: null);
            }
        }

        Assert.All(rig.Availability(), health => Assert.Equal(ReplicaState.Ok, health.State));
    }

    private static void FirstTokenAfter(HealthRig rig, int replica, double seconds, double? expected)
    {
        long attempt = rig.Book.Begin(replica, rig.Now - TimeSpan.FromSeconds(seconds));
        rig.Book.FirstToken(attempt, expected is { } e ? TimeSpan.FromSeconds(e) : null, rig.Now);
        rig.Book.End(attempt, AttemptOutcome.Success, rig.Now);
    }
}

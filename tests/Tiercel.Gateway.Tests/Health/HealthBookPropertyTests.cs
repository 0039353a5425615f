using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Tests.Health;

public class HealthBookPropertyTests
{
    [Fact]
    public void Whatever_happens_the_caps_hold_the_counters_add_up_and_a_healthy_fleet_comes_back() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(100),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                Random random = new(seed);
                int replicas = random.Next(1, 12);
                HealthSettings settings = new() { MaxEjectedShare = random.NextDouble(), FailuresToEject = random.Next(1, 6) };
                HealthRig rig = new(replicas, workers: random.Next(2) == 0, local: random.Next(2) == 0, settings);
                List<(long Attempt, int Replica)> open = [];
                for (int i = 0; i < 400; i++)
                {
                    Step(rig, random, replicas, open);
                    CheckCaps(rig, replicas, settings);
                }

                foreach ((long attempt, _) in open)
                {
                    Assert.True(rig.Book.End(attempt, AttemptOutcome.Cancelled, rig.Now));
                    Assert.False(rig.Book.End(attempt, AttemptOutcome.ServerError, rig.Now));
                }

                for (int replica = 1; replica <= replicas; replica++)
                {
                    HealthCounters counters = rig.Book.Counters(replica);
                    Assert.Equal(0, counters.InFlight);
                    Assert.Equal(counters.Attempts, Enum.GetValues<AttemptOutcome>().Sum(counters.Ended));
                    rig.Book.Drain(replica, false, rig.Now);
                }

                // All faults healed: everybody is back within the longest ejection and a slow start.
                Assert.Equal(0, rig.Book.OpenAttempts);
                rig.PassWithProbes(330, _ => ProbeResult.Passed, () => Enumerable.Range(1, replicas).ToList().ForEach(replica => rig.Beat(replica, "healed")));
                Assert.All(rig.Availability(), health => Assert.Equal(new ReplicaHealth(health.Replica, ReplicaState.Ok, 1), health));
            }));

    private static void Step(HealthRig rig, Random random, int replicas, List<(long Attempt, int Replica)> open)
    {
        int replica = random.Next(1, replicas + 1);
        switch (random.Next(8))
        {
            case 0 or 1:
                open.Add((rig.Book.Begin(replica, rig.Now), replica));
                break;
            case 2 or 3 when open.Count > 0:
                int which = random.Next(open.Count);
                AttemptOutcome outcome = (AttemptOutcome)random.Next(Enum.GetValues<AttemptOutcome>().Length);
                Assert.True(rig.Book.End(open[which].Attempt, outcome, rig.Now));
                open.RemoveAt(which);
                break;
            case 4:
                rig.Beat(replica, $"g{random.Next(3)}", random.Next(100), random.Next(2), random.Next(10) == 0);
                break;
            case 5:
                rig.Book.Drain(replica, random.Next(4) == 0, rig.Now);
                break;
            case 6:
                rig.PassWithProbes(0.5, _ => (ProbeResult)random.Next(3));
                break;
            default:
                rig.Pass(random.NextDouble() * 10);
                break;
        }
    }

    private static void CheckCaps(HealthRig rig, int replicas, HealthSettings settings)
    {
        IReadOnlyList<ReplicaHealth> pool = rig.Availability();
        int ejected = pool.Count(health => health.State == ReplicaState.Ejected);
        Assert.True(ejected <= (replicas < 2 ? 0 : Math.Max(1, (int)(settings.MaxEjectedShare * replicas))), $"{ejected} of {replicas} ejected");
        Assert.All(pool, health => Assert.InRange(health.Weight, 0, 1));
        Assert.All(pool, health => Assert.False(health.State == ReplicaState.Draining && health.IsUsable));
        int members = pool.Count(health => health.State != ReplicaState.Draining);
        Assert.True(members == 0 || pool.Any(health => health.IsUsable), "somebody is always used");
        Assert.All(Enumerable.Range(1, replicas), replica => Assert.True(rig.Book.Counters(replica).InFlight >= 0));
    }
}

using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

/// <summary>Counters of load under any sequence of calls, sensible or not.</summary>
public sealed class RouterCounterTests
{
    [Fact]
    public void Counters_are_never_negative_equal_what_is_under_way_and_end_at_zero()
        => Prop.ForAll(
            Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
            seed => Holds(new System.Random(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    private static bool Holds(System.Random random)
    {
        PoolRouter router = new(new PoolRouterOptions { MaxKeptDecisions = 20, MaxRequests = 30 }, Replicas(random, 4), TimeSpan.Zero);
        Dictionary<long, int> open = [];
        HashSet<int> members = [0, 1, 2, 3];
        for (int step = 0; step < 300; step++)
        {
            TimeSpan now = TimeSpan.FromMilliseconds(step * random.Next(100));
            long id = random.Next(1, 60);
            switch (random.Next(8))
            {
                case 0 or 1:
                    RouteQuery query = new() { RequestId = id, Fingerprint = Prompts.Of(random.Next(3), random.Next(3), 5), PromptBytes = random.Next(0, 100_000) };
                    RouteDecision decision = router.Choose(query, [new(0), new(1), new(2), new(3)], now);
                    if (decision.Outcome == RouteOutcome.Chosen && random.Next(4) > 0 && router.Sent(id, decision.Replica, now))
                    {
                        open[id] = decision.Replica;
                    }

                    break;
                case 2:
                    // A retry or a resume elsewhere, or a call out of turn.
                    int replica = random.Next(5);
                    open.Remove(id);
                    if (router.Sent(id, replica, now))
                    {
                        open[id] = replica;
                    }

                    break;
                case 3:
                    router.FirstToken(id, now);
                    break;
                case 4 or 5:
                    router.Ended(id, new RouteEnd(random.Next(2) == 0, random.Next(-10, 100_000), random.Next(-10, 100_000), random.Next(-1, 1000)), now);
                    open.Remove(id);
                    break;
                case 6:
                    router.Report(random.Next(5), new ReplicaStatus { Running = random.Next(300), Waiting = random.Next(9), KvTokens = random.Next(1, 1_000_000) }, now);
                    break;
                default:
                    ReplicaDescription[] replicas = Replicas(random, random.Next(2, 5));
                    router.SetReplicas(replicas, now);
                    foreach (int gone in members.Except(replicas.Select(each => each.Replica)).ToArray())
                    {
                        members.Remove(gone);
                        foreach (long lost in open.Where(each => each.Value == gone).Select(each => each.Key).ToArray())
                        {
                            open[lost] = -1;
                        }
                    }

                    members.UnionWith(replicas.Select(each => each.Replica));
                    break;
            }

            Agree(router, open);
        }

        foreach (long id in open.Keys.ToArray())
        {
            router.Ended(id, new RouteEnd(false), TimeSpan.FromHours(1));
        }

        open.Clear();
        Agree(router, open);
        return router.Requests == 0 && Enumerable.Range(0, 5).All(replica => router.Load(replica) == default);
    }

    private static void Agree(PoolRouter router, Dictionary<long, int> open)
    {
        for (int replica = 0; replica < 5; replica++)
        {
            ReplicaLoad load = router.Load(replica);
            Assert.True(load is { Waiting: >= 0, PendingPromptTokens: >= 0, KvTokens: >= 0 } && load.Waiting <= load.Requests, load.ToString());
            Assert.Equal(open.Values.Count(at => at == replica), load.Requests);
        }
    }

    private static ReplicaDescription[] Replicas(System.Random random, int count)
        => [.. Enumerable.Range(0, 4).OrderBy(_ => random.Next()).Take(count).Select(i => new ReplicaDescription(i, $"r{i}"))];
}

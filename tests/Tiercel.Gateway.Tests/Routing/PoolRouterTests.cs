using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

public sealed class PoolRouterTests
{
    private static readonly ServiceClass Interactive = new() { Name = "interactive", TimeToFirstToken = TimeSpan.FromSeconds(5), TimePerOutputToken = TimeSpan.FromSeconds(0.1) };

    private long _id;

    [Fact]
    public void A_prompt_goes_where_its_beginning_was_sent()
    {
        PoolRouter router = Router(4);
        int home = Serve(router, Prompt(1, 200), At(0), At(1));
        for (int i = 2; i < 20; i++)
        {
            Assert.Equal(home, Serve(router, Prompt(1, 200 + i), At(i), At(i + 0.5)));
        }
    }

    [Fact]
    public void Requests_that_are_sent_at_one_time_spread_over_idle_replicas()
    {
        PoolRouter router = Router(4);
        int[] replicas = [.. Enumerable.Range(1, 4).Select(i => Send(router, Prompt(i, 100), At(0)).Replica)];
        Assert.Equal([0, 1, 2, 3], replicas.Order());
    }

    [Fact]
    public void Another_replica_serves_when_the_one_that_holds_the_prompt_has_much_to_do()
    {
        PoolRouter router = Router(2);
        int home = Serve(router, Prompt(1, 100), At(0), At(1));
        int stayed = 0;
        while (stayed < 1000 && Send(router, Prompt(1, 101), At(2)).Replica == home)
        {
            stayed++;
        }

        Assert.InRange(stayed, 5, 500);
    }

    [Fact]
    public void Excluded_limited_weightless_and_foreign_replicas_are_not_chosen()
    {
        PoolRouter router = new(new PoolRouterOptions(), [
            new ReplicaDescription(1, "a") { NumericsId = "n" },
            new ReplicaDescription(2, "b") { NumericsId = "n" },
            new ReplicaDescription(3, "c") { NumericsId = "other" },
        ], At(0));
        ReplicaAvailability[] all = [new(1), new(2), new(3), new(9)];
        Assert.Equal(2, router.Choose(Query(Prompt(1, 1)) with { ExcludedReplicas = [1], NumericsId = "n" }, all, At(0)).Replica);
        Assert.Equal(RouteOutcome.NoReplica, router.Choose(Query(Prompt(1, 1)) with { NumericsId = "none" }, all, At(0)).Outcome);
        Assert.Equal(RouteOutcome.NoReplica, router.Choose(Query(Prompt(1, 1)), [new(1, Weight: 0), new(9)], At(0)).Outcome);
        Assert.Equal(RouteOutcome.Busy, router.Choose(Query(Prompt(1, 1)), [new(1, AtLimit: true), new(2, Weight: 0)], At(0)).Outcome);
        Assert.Equal(3, router.Choose(Query(Prompt(1, 1)), [new(1, AtLimit: true), new(3)], At(0)).Replica);
    }

    [Fact]
    public void What_would_miss_its_objective_everywhere_is_refused_and_told_when_to_come_back()
    {
        PoolRouter router = Router(2);
        Serve(router, Prompt(999, 100), At(0), At(1));
        List<RouteDecision> decisions = [];
        for (int i = 0; i < 40; i++)
        {
            decisions.Add(Send(router, Prompt(i, 100), At(10), Interactive));
        }

        Assert.Equal(RouteOutcome.Chosen, decisions[0].Outcome);
        RouteDecision refused = decisions[^1];
        Assert.Equal(RouteOutcome.ObjectiveMissed, refused.Outcome);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        Assert.Equal(2, refused.Candidates.Count);

        // Without an objective, and for what has been accepted already, there is no such refusal.
        Assert.Equal(RouteOutcome.Chosen, Send(router, Prompt(77, 100), At(10)).Outcome);
        Assert.Equal(RouteOutcome.Chosen, router.Choose(Query(Prompt(78, 100), Interactive) with { MustServe = true }, All(2), At(10)).Outcome);
    }

    [Fact]
    public void A_prompt_that_cannot_make_its_objective_anywhere_is_refused_only_while_the_pool_is_busy()
    {
        PoolRouter router = Router(2);
        Serve(router, Prompt(999, 100), At(0), At(1));
        Assert.Equal(RouteOutcome.Chosen, router.Choose(Query(Prompt(1, 1200), Interactive), All(2), At(5)).Outcome);
        Send(router, Prompt(2, 100), At(5));
        Send(router, Prompt(3, 100), At(5));
        Assert.Equal(RouteOutcome.ObjectiveMissed, router.Choose(Query(Prompt(1, 1200), Interactive), All(2), At(5)).Outcome);
    }

    [Fact]
    public void The_objective_grows_with_what_no_cache_holds_when_the_class_says_so()
    {
        PoolRouter router = Router(1);
        Serve(router, Prompt(999, 100), At(0), At(1));
        Send(router, Prompt(2, 200), At(5));
        ServiceClass growing = Interactive with { PerThousandUncached = TimeSpan.FromSeconds(1) };
        Assert.Equal(RouteOutcome.ObjectiveMissed, router.Choose(Query(Prompt(1, 600), Interactive), All(1), At(5)).Outcome);
        Assert.Equal(RouteOutcome.Chosen, router.Choose(Query(Prompt(1, 600), growing), All(1), At(5)).Outcome);
    }

    [Fact]
    public void A_slow_device_is_learnt_and_gets_less()
    {
        PoolRouter router = Router(2);
        int[] sent = new int[2];
        double[] free = new double[2];
        List<(double At, long Id)> first = [];
        for (int i = 0; i < 300; i++)
        {
            double now = i * 0.9;
            foreach ((double at, long id) in first.Where(each => each.At <= now).OrderBy(each => each.At).ToArray())
            {
                router.FirstToken(id, At(at));
                router.Ended(id, new RouteEnd(true, 12800, 0, 1), At(at));
                first.Remove((at, id));
            }

            RouteDecision decision = Send(router, Prompt(1000 + i, 100), At(now));
            sent[decision.Replica] += i >= 100 ? 1 : 0;
            double seconds = decision.Replica == 0 ? 1 : 4;
            free[decision.Replica] = Math.Max(free[decision.Replica], now) + seconds;
            first.Add((free[decision.Replica], decision.RequestId));
        }

        // The fast one can serve 0.9 of a request in the time between two.
        Assert.InRange(sent[1], 10, 60);
    }

    [Fact]
    public void Of_an_answer_that_comes_whole_nothing_is_learnt_and_its_prompt_holds_nobody_up_for_ever()
    {
        PoolRouter router = Router(1);
        for (int i = 0; i < 20; i++)
        {
            Serve(router, Prompt(1000 + i, 100), At(i * 10), At(i * 10 + 1));
        }

        double before = router.Choose(Query(Prompt(1, 100)), All(1), At(300)).PredictedTtft.TotalSeconds;
        RouteDecision whole = router.Choose(Query(Prompt(2, 100)) with { RequestId = ++_id, Streams = false }, All(1), At(300));
        router.Sent(whole.RequestId, 0, At(300));
        Assert.True(router.Choose(Query(Prompt(1, 100)), All(1), At(300)).PredictedTtft.TotalSeconds > 1.5 * before);
        Assert.Equal(before, router.Choose(Query(Prompt(1, 100)), All(1), At(310)).PredictedTtft.TotalSeconds, 0.01);
        router.FirstToken(whole.RequestId, At(330));
        router.Ended(whole.RequestId, new RouteEnd(true, 12_800, 0, 1000), At(330));
        Assert.Equal(before, router.Choose(Query(Prompt(1, 100)), All(1), At(340)).PredictedTtft.TotalSeconds, 0.01);
    }

    /// <summary>An engine that is asked in the middle of a step says that what came since waits.</summary>
    [Theory]
    [InlineData(0.01, false)]
    [InlineData(30, true)]
    public void Only_what_waits_for_longer_than_the_prompts_before_it_take_waits_for_a_place(double reported, bool lacksPlaces)
    {
        PoolRouter router = Router(1);
        RouteDecision[] sent = [.. Enumerable.Range(1, 5).Select(i => Send(router, Prompt(i, 10), At(0)))];
        router.Report(0, new ReplicaStatus { Running = 1, Waiting = 4 }, At(reported));
        Array.ForEach(sent, one => router.FirstToken(one.RequestId, At(reported + 1)));
        router.Report(0, new ReplicaStatus { Running = 1, Waiting = 0 }, At(reported + 2));
        double queue = Send(router, Prompt(6, 10), At(reported + 3)).Candidates[0].QueueSeconds;
        Assert.Equal(lacksPlaces, queue > 1);
    }

    [Fact]
    public void Why_a_request_went_where_it_went_is_kept_for_the_last_ones_only()
    {
        PoolRouter router = new(new PoolRouterOptions { MaxKeptDecisions = 10 }, Replicas(2), At(0));
        long[] ids = [.. Enumerable.Range(0, 20).Select(i => Send(router, Prompt(i, 10), At(0)).RequestId)];
        Assert.Null(router.Explain(ids[9]));
        RouteDecision kept = router.Explain(ids[10])!;
        Assert.Equal(ids[10], kept.RequestId);
        Assert.Equal(2, kept.Candidates.Count);
        Assert.StartsWith("cost: ", kept.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_that_stays_keeps_what_is_known_of_it_and_one_that_leaves_takes_it_along()
    {
        PoolRouter router = Router(3);
        int home = Serve(router, Prompt(1, 200), At(0), At(1));
        RouteDecision running = Send(router, Prompt(2, 100), At(2));
        router.SetReplicas([.. Replicas(3).Where(replica => replica.Replica == home)], At(3));
        RouteCandidate candidate = Assert.Single(router.Choose(Query(Prompt(1, 200)), All(3), At(4)).Candidates);
        Assert.True(candidate.CachedTokens > 20_000);
        router.FirstToken(running.RequestId, At(5));
        router.Ended(running.RequestId, new RouteEnd(true), At(6));
        router.SetReplicas(Replicas(3), At(7));
        Assert.Equal(1, router.Choose(Query(Prompt(1, 200)), All(3), At(8)).Candidates.Count(each => each.CachedTokens > 0));
        Assert.All(Enumerable.Range(0, 3), replica => Assert.Equal(default, router.Load(replica)));
    }

    [Fact]
    public void What_a_worker_tells_of_its_blocks_counts_and_not_what_was_sent_to_it()
    {
        PoolRouter router = new(new PoolRouterOptions(), [new(0, "a", Exact: true), new(1, "b", Exact: true)], At(0));
        PromptFingerprint prompt = Prompt(1, 100);
        RouteDecision first = Send(router, prompt, At(0));
        ulong[] chain = [.. Enumerable.Range(1, 800).Select(i => (ulong)i)];
        router.Apply(first.Replica, new WorkerEvent.Stored("g", 1, 0, chain), At(0.1));
        router.Apply(first.Replica, new WorkerEvent.Prompt("g", 2, first.RequestId, 12_800, chain), At(0.1));
        router.FirstToken(first.RequestId, At(1));
        router.Ended(first.RequestId, new RouteEnd(true, 12_800, 0, 10), At(2));
        Assert.Equal(12_799, Cached(router, prompt, first.Replica));
        Assert.Equal(0, Cached(router, prompt, 1 - first.Replica));

        // It evicts the last quarter; the other worker, which never had the request, gets half from elsewhere.
        router.Apply(first.Replica, new WorkerEvent.Removed("g", 3, chain[600..]), At(3));
        router.Apply(1 - first.Replica, new WorkerEvent.Snapshot("h", 5, 0, chain[..400], true), At(3));
        Assert.InRange(Cached(router, prompt, first.Replica), 9_550, 9_650);
        Assert.InRange(Cached(router, prompt, 1 - first.Replica), 6_350, 6_450);
    }

    [Fact]
    public void The_same_calls_give_the_same_choices()
    {
        foreach (RoutingPolicyKind policy in Enum.GetValues<RoutingPolicyKind>())
        {
            Assert.Equal(Choices(policy), Choices(policy));
        }
    }

    [Fact]
    public void Round_robin_takes_turns_and_least_request_the_emptiest()
    {
        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3], Choices(RoutingPolicyKind.RoundRobin)[..8]);
        PoolRouter router = new(new PoolRouterOptions { Policy = RoutingPolicyKind.LeastRequest }, Replicas(3), At(0));
        int[] sent = [.. Enumerable.Range(0, 9).Select(i => Send(router, Prompt(i, 10), At(0)).Replica)];
        Assert.All(sent.GroupBy(replica => replica), group => Assert.Equal(3, group.Count()));
    }

    [Fact]
    public void Prefix_affinity_sticks_until_the_queue_is_too_long()
    {
        PoolRouter router = new(new PoolRouterOptions { Policy = RoutingPolicyKind.PrefixAffinity }, Replicas(3), At(0));
        int home = Serve(router, Prompt(1, 100), At(0), At(1));
        int[] sent = [.. Enumerable.Range(0, 400).Select(_ => Send(router, Prompt(1, 115), At(2)).Replica)];
        Assert.Equal(home, sent[0]);
        Assert.Equal(home, sent[5]);
        Assert.Contains(sent, replica => replica != home);
    }

    private int[] Choices(RoutingPolicyKind policy)
    {
        PoolRouter router = new(new PoolRouterOptions { Policy = policy, Seed = 7 }, Replicas(4), At(0));
        return [.. Enumerable.Range(0, 60).Select(i => Send(router, Prompt(i % 5, 20 + i), At(i)).Replica)];
    }

    private static int Cached(PoolRouter router, PromptFingerprint prompt, int replica)
        => router.Choose(Query(prompt) with { RequestId = -1 }, All(2), At(10)).Candidates.Single(each => each.Replica == replica).CachedTokens;

    private int Serve(PoolRouter router, PromptFingerprint prompt, TimeSpan sent, TimeSpan first)
    {
        RouteDecision decision = Send(router, prompt, sent);
        router.FirstToken(decision.RequestId, first);
        router.Ended(decision.RequestId, new RouteEnd(true, (int)(prompt.Bytes / 4), 0, 10), first);
        return decision.Replica;
    }

    private RouteDecision Send(PoolRouter router, PromptFingerprint prompt, TimeSpan now, ServiceClass? objective = null)
    {
        RouteDecision decision = router.Choose(Query(prompt, objective) with { RequestId = ++_id }, All(4), now);
        if (decision.Outcome == RouteOutcome.Chosen)
        {
            Assert.True(router.Sent(decision.RequestId, decision.Replica, now));
        }

        return decision;
    }

    private static RouteQuery Query(PromptFingerprint prompt, ServiceClass? objective = null)
        => new() { RequestId = 1, Fingerprint = prompt, PromptBytes = prompt.Bytes, Class = objective, MaxOutputTokens = 100 };

    /// <summary>A prompt of its own with so many blocks of 512 bytes, 128 tokens each.</summary>
    private static PromptFingerprint Prompt(int name, int blocks) => Prompts.Of([name, .. Enumerable.Range(0, blocks - 1)]);

    private static ReplicaAvailability[] All(int replicas) => [.. Enumerable.Range(0, replicas).Select(i => new ReplicaAvailability(i))];

    private static ReplicaDescription[] Replicas(int count) => [.. Enumerable.Range(0, count).Select(i => new ReplicaDescription(i, $"r{i}"))];

    private static PoolRouter Router(int replicas) => new(new PoolRouterOptions(), Replicas(replicas), At(0));

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}

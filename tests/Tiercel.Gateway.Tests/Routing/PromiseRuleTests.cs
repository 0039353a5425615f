using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

/// <summary>Who is refused for the sake of an objective, and for the sake of others.</summary>
public sealed class PromiseRuleTests
{
    private static readonly ServiceClass Quick = new() { Name = "quick", TimeToFirstToken = TimeSpan.FromSeconds(0.5) };
    private static readonly ServiceClass Interactive = new() { Name = "interactive", TimeToFirstToken = TimeSpan.FromSeconds(5), TimePerOutputToken = TimeSpan.FromSeconds(0.1) };

    private long _id;

    [Fact]
    public void Errors_of_a_bad_hour_do_not_refuse_what_comes_to_an_idle_fleet()
    {
        Assert.Equal(RouteOutcome.Chosen, AfterABadHour(new RoutingTuning()));

        // Without a bound of the margin nothing would be served any more, and with that nothing be learnt.
        Assert.Equal(RouteOutcome.ObjectiveMissed, AfterABadHour(new RoutingTuning { MaxMargin = 100 }));
    }

    [Fact]
    public void Whoever_is_above_its_share_is_refused_before_the_objective_is_and_the_sooner_the_more_it_floods()
    {
        int others = Accepted(null);
        int above = Accepted(1);
        int twofold = Accepted(0.5);
        int tenfold = Accepted(0.1);
        Assert.True(others > above && above > twofold && twofold > tenfold && tenfold > 0, $"{others} {above} {twofold} {tenfold}");

        // A flood that is refused nearly always is answered no harder, or its refusals alone would bring on more of them.
        Assert.Equal(tenfold, Accepted(0.001));
    }

    [Fact]
    public void Whoever_is_above_its_share_is_not_served_at_the_cost_of_streams_that_run()
    {
        PoolRouter router = new(new PoolRouterOptions(), [new(0, "r")], At(0));
        Learn(router);
        for (int i = 0; i < 60; i++)
        {
            RouteDecision stream = router.Choose(Query(i, 1, Interactive) with { MustServe = true }, [new(0)], At(20));
            router.Sent(stream.RequestId, 0, At(20));
            router.FirstToken(stream.RequestId, At(20.01));
        }

        // The queue is empty, and the prompt takes a good part of the time that the streams have to spare.
        RouteQuery next = Query(1000, 100, Interactive);
        RouteDecision free = router.Choose(next, [new(0)], At(22));
        Assert.Equal(RouteOutcome.Chosen, free.Outcome);
        Assert.True(free.Candidates[0].StreamSeconds > 5 && free.Candidates[0].QueueSeconds == 0, $"{free.Candidates[0]}");
        Assert.Equal(RouteOutcome.ObjectiveMissed, router.Choose(next with { AboveShare = 1 }, [new(0)], At(22)).Outcome);
    }

    /// <summary>Prompts of a second each that one replica is given at one time by a tenant that was given a part of what it asked for.</summary>
    private int Accepted(double? aboveShare)
    {
        ServiceClass patient = new() { Name = "patient", TimeToFirstToken = TimeSpan.FromSeconds(60) };
        PoolRouter router = new(new PoolRouterOptions(), [new(0, "r")], At(0));
        Learn(router);
        int accepted = 0;
        while (accepted < 1000)
        {
            RouteDecision decision = router.Choose(Query(accepted, 100, patient) with { AboveShare = aboveShare }, [new(0)], At(20));
            if (decision.Outcome != RouteOutcome.Chosen)
            {
                return accepted;
            }

            router.Sent(decision.RequestId, 0, At(20));
            accepted++;
        }

        return accepted;
    }

    private RouteOutcome AfterABadHour(RoutingTuning tuning)
    {
        PoolRouter router = new(new PoolRouterOptions { Tuning = tuning }, [new(0, "r")], At(0));
        for (int i = 0; i < 100; i++)
        {
            RouteDecision late = router.Choose(Query(i, 1, Quick) with { MustServe = true }, [new(0)], At(100 * i));
            router.Sent(late.RequestId, 0, At(100 * i));

            // Every second one comes at once, so that prompts are not taken to be slow; none is predicted well.
            TimeSpan first = At(100 * i + (i % 2 == 0 ? 30 : 0.001));
            router.FirstToken(late.RequestId, first);
            router.Ended(late.RequestId, new RouteEnd(true, 128, 0, 1), first);
        }

        return router.Choose(Query(1000, 1, Quick), [new(0)], At(20_000)).Outcome;
    }

    /// <summary>A prompt of 100 blocks takes a second.</summary>
    private void Learn(PoolRouter router)
    {
        for (int i = 0; i < 9; i++)
        {
            RouteDecision decision = router.Choose(Query(10_000 + i, 100, null), [new(0)], At(2 * i));
            router.Sent(decision.RequestId, 0, At(2 * i));
            router.FirstToken(decision.RequestId, At(2 * i + 1));
            router.Ended(decision.RequestId, new RouteEnd(true, 12_800, 0, 100), At(2 * i + 2));
        }
    }

    private RouteQuery Query(int word, int blocks, ServiceClass? promised)
    {
        PromptFingerprint prompt = Prompts.Of([word, .. Enumerable.Range(0, blocks - 1)]);
        return new() { RequestId = ++_id, Fingerprint = prompt, PromptBytes = prompt.Bytes, Class = promised, MaxOutputTokens = 100 };
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}

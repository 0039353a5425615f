using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;

namespace Tiercel.Gateway.Tests.Health;

public class RetryTests
{
    private static readonly RetrySettings Settings = new();

    [Fact]
    public void In_every_ten_seconds_retries_stay_within_a_fifth_of_the_requests_and_ten_a_second() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(30),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                Random random = new(seed);
                RetryBudget budget = new(Settings);
                List<TimeSpan> requests = [];
                List<TimeSpan> retries = [];
                TimeSpan now = TimeSpan.Zero;
                double rate = Math.Pow(10, (random.NextDouble() * 4) - 1);
                for (int i = 0; i < 3000; i++)
                {
                    now += TimeSpan.FromSeconds(random.NextDouble() * 2 / rate);
                    budget.Arrived(now);
                    requests.Add(now);
                    for (int tries = random.Next(4); tries > 0; tries--)
                    {
                        if (budget.TryRetry(now))
                        {
                            retries.Add(now);
                            TimeSpan from = now - TimeSpan.FromSeconds(10);
                            int allowed = (int)((0.2 * requests.Count(at => at > from)) + 100);
                            Assert.True(retries.Count(at => at > from) <= allowed, $"at {now}");
                        }
                    }
                }

                Assert.Equal(retries.Count, budget.Retries);
                Assert.True(retries.Count > 0);
            }));

    [Fact]
    public void A_quiet_fleet_may_retry_a_hundred_times_and_again_ten_seconds_later()
    {
        RetryBudget budget = new(Settings);
        Assert.Equal(100, Enumerable.Range(0, 200).Count(_ => budget.TryRetry(TimeSpan.FromSeconds(1))));
        Assert.False(budget.TryRetry(TimeSpan.FromSeconds(11)));
        Assert.True(budget.TryRetry(TimeSpan.FromSeconds(12)));
        Assert.Equal(101, budget.Refused);
    }

    [Fact]
    public void Who_waits_and_asks_again_is_refused_once()
    {
        RetryBudget budget = new(new RetrySettings { BudgetShare = 0, BudgetPerSecond = 0 });
        for (int i = 0; i < 40; i++)
        {
            Assert.False(budget.TryResume(TimeSpan.FromMilliseconds(250 * i), again: i > 0));
        }

        Assert.Equal((1, 0), (budget.Refused, budget.Resumes));
        budget.Lost(1, TimeSpan.FromSeconds(10));
        Assert.True(budget.TryResume(TimeSpan.FromSeconds(10), again: true));
        Assert.Equal((1, 1), (budget.Refused, budget.Resumes));
    }

    [Fact]
    public void The_streams_of_a_lost_worker_are_resumed_beside_the_budget_and_no_more_than_those()
    {
        RetryBudget budget = new(new RetrySettings { BudgetShare = 0, BudgetPerSecond = 0 });
        Assert.False(budget.TryResume(TimeSpan.Zero));
        budget.Lost(150, TimeSpan.Zero);
        Assert.Equal(150, Enumerable.Range(0, 500).Count(_ => budget.TryResume(TimeSpan.FromSeconds(5))));
        budget.Lost(3, TimeSpan.FromSeconds(5));
        Assert.False(budget.TryRetry(TimeSpan.FromSeconds(5)));
        Assert.True(budget.TryResume(TimeSpan.FromSeconds(64)));
        Assert.False(budget.TryResume(TimeSpan.FromSeconds(65)));
        Assert.Equal(151, budget.Resumes);
    }

    [Fact]
    public void What_is_remembered_of_lost_workers_is_bounded_and_none_of_their_streams_is_forgotten()
    {
        RetryBudget budget = new(new RetrySettings { BudgetShare = 0, BudgetPerSecond = 0 });
        for (int i = 0; i < 1000; i++)
        {
            budget.Lost(2, TimeSpan.Zero);
        }

        Assert.Equal(2000, Enumerable.Range(0, 3000).Count(_ => budget.TryResume(TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public void Nothing_is_tried_again_after_the_first_byte_or_more_than_three_times_or_when_the_request_is_at_fault()
    {
        Assert.True(Decide(AttemptOutcome.Reset, [1]).Retry);
        Assert.True(Decide(AttemptOutcome.Overloaded, [1, 2]).Retry);
        Assert.False(Decide(AttemptOutcome.Reset, [1, 2, 3]).Retry);
        Assert.False(Decide(AttemptOutcome.ClientError, [1]).Retry);
        Assert.False(Decide(AttemptOutcome.Reset, [1], firstByte: true).Retry);
    }

    [Fact]
    public void What_a_drain_takes_away_goes_on_elsewhere_at_once_and_costs_no_retry()
    {
        RetryBudget none = new(new RetrySettings { BudgetShare = 0, BudgetPerSecond = 0 });
        RetryDecision moved = Decide(AttemptOutcome.Cancelled, [1], budget: none);
        Assert.True(moved.Retry);
        Assert.Equal(TimeSpan.Zero, moved.Delay);
        Assert.Equal([1], moved.Excluded);
        Assert.False(Decide(AttemptOutcome.Cancelled, [1, 2, 3], budget: none).Retry);
        Assert.False(Decide(AttemptOutcome.Reset, [1], budget: none).Retry);
    }

    [Fact]
    public void The_same_replica_is_never_asked_again_while_another_is_usable() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                Random random = new(seed);
                int[] tried = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(5))];
                int[] usable = [.. Enumerable.Range(0, 5).Where(_ => random.Next(2) == 0)];
                int[] excluded = RetryDecision.Exclude(tried, usable);
                int[] left = [.. usable.Except(excluded)];
                Assert.True(usable.Length == 0 || left.Length > 0, "somebody is left");
                Assert.True(!left.Contains(tried[^1]) || usable.All(replica => replica == tried[^1]), "not the one that has just failed");
                Assert.True(usable.All(tried.Contains) || !left.Any(tried.Contains), "an untried one comes first");
            }));

    [Fact]
    public void Waits_are_drawn_below_fifty_milliseconds_times_two_to_the_tries()
    {
        for (int tries = 1; tries <= 3; tries++)
        {
            double[] waits = [.. Enumerable.Range(0, 1000).Select(request => RetryDecision.Backoff(1, request, tries).TotalMilliseconds)];
            double limit = 50 * Math.Pow(2, tries - 1);
            Assert.All(waits, wait => Assert.InRange(wait, 0, limit));
            Assert.InRange(waits.Average(), 0.45 * limit, 0.55 * limit);
        }

        Assert.Equal(RetryDecision.Backoff(9, 5, 1), RetryDecision.Backoff(9, 5, 1));
        Assert.NotEqual(RetryDecision.Backoff(9, 5, 1), RetryDecision.Backoff(8, 5, 1));
        Assert.InRange(RetryDecision.Backoff(9, 5, int.MaxValue), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_replica_that_asks_to_wait_is_waited_for_only_when_it_is_the_only_one()
    {
        TimeSpan asked = TimeSpan.FromSeconds(3);
        Assert.True(Decide(AttemptOutcome.Overloaded, [1], retryAfter: asked).Delay < TimeSpan.FromMilliseconds(50));
        Assert.Equal(asked, Decide(AttemptOutcome.Overloaded, [1], usable: [1], retryAfter: asked).Delay);
        Assert.False(Decide(AttemptOutcome.Overloaded, [1], usable: [1], retryAfter: TimeSpan.FromMinutes(1)).Retry);
        Assert.False(Decide(AttemptOutcome.Overloaded, [1], usable: [1], retryAfter: asked, deadline: TimeSpan.FromSeconds(2)).Retry);
        Assert.True(Decide(AttemptOutcome.Overloaded, [1], usable: [1], retryAfter: asked, deadline: TimeSpan.FromSeconds(4)).Retry);
    }

    [Fact]
    public void A_decision_that_says_no_takes_nothing_from_the_budget()
    {
        RetryBudget budget = new(Settings);
        Decide(AttemptOutcome.ClientError, [1], budget: budget);
        Decide(AttemptOutcome.Reset, [1, 2, 3], budget: budget);
        Assert.Equal(0, budget.Retries);
        Decide(AttemptOutcome.Reset, [1], budget: budget);
        Assert.Equal(1, budget.Retries);
    }

    [Fact]
    public void A_hedge_is_off_by_default_and_needs_headroom_and_another_replica()
    {
        TimeSpan predicted = TimeSpan.FromSeconds(1);
        Assert.Null(HedgeRule.Delay(new PoolSettings { Upstreams = [] }.Hedge, predicted, 1, 3));
        Assert.Null(HedgeRule.Delay(true, predicted, 0.4, 3));
        Assert.Null(HedgeRule.Delay(true, predicted, double.NaN, 3));
        Assert.Null(HedgeRule.Delay(true, predicted, 1, 0));
        Assert.Equal(TimeSpan.FromSeconds(2), HedgeRule.Delay(true, predicted, 0.6, 1));
        Assert.Equal(TimeSpan.FromMilliseconds(250), HedgeRule.Delay(true, TimeSpan.Zero, 0.6, 1));
    }

    private static RetryDecision Decide(
        AttemptOutcome outcome,
        int[] tried,
        bool firstByte = false,
        int[]? usable = null,
        TimeSpan? retryAfter = null,
        TimeSpan? deadline = null,
        RetryBudget? budget = null)
        => RetryDecision.Decide(
            new RetryQuestion
            {
                Request = 5,
                Outcome = outcome,
                FirstByteSent = firstByte,
                Tried = tried,
                Usable = usable ?? [1, 2, 3, 4],
                RetryAfter = retryAfter,
                Deadline = deadline,
            },
            Settings,
            budget ?? new RetryBudget(Settings),
            seed: 1,
            now: TimeSpan.Zero);
}

using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class TenantLimitsTests
{
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(100);

    [Fact]
    public void The_limit_that_was_hit_is_named_and_waiting_as_told_helps()
    {
        TenantLimits limits = new(new TenantLimitSettings { RequestsPerMinute = 3 }, Start);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(limits.TryTake(10, Start).Allowed);
        }

        LimitDecision refused = limits.TryTake(10, Start);
        Assert.Equal(LimitKind.RequestsPerMinute, refused.Hit);
        Assert.Equal((429, "rate_limit_exceeded", RetryClass.Later), (refused.Error!.Status, refused.Error.Code, refused.Error.Retry));
        Assert.Equal(TimeSpan.FromSeconds(20), refused.Error.RetryAfter);
        Assert.Equal(LimitKind.RequestsPerMinute, limits.TryTake(10, Start + refused.Error.RetryAfter!.Value - TimeSpan.FromMilliseconds(1)).Hit);
        Assert.True(limits.TryTake(10, Start + refused.Error.RetryAfter!.Value).Allowed);
    }

    [Fact]
    public void A_refused_request_takes_from_no_limit()
    {
        TenantLimits limits = new(new TenantLimitSettings { RequestsPerMinute = 10, TokensPerMinute = 100, ConcurrentRequests = 5 }, Start);
        Assert.True(limits.TryTake(90, Start).Allowed);
        LimitDecision refused = limits.TryTake(50, Start);
        Assert.Equal(LimitKind.TokensPerMinute, refused.Hit);
        Assert.Equal(9, refused.Requests!.Value.Remaining);
        Assert.Equal(10, refused.Tokens!.Value.Remaining);
        Assert.Equal((1, 90), (limits.RunningRequests, limits.RunningTokens));
    }

    [Fact]
    public void Where_both_rates_refuse_the_longer_wait_is_told()
    {
        TenantLimits limits = new(new TenantLimitSettings { RequestsPerMinute = 60, TokensPerMinute = 60 }, Start);
        for (int i = 0; i < 60; i++)
        {
            Assert.True(limits.TryTake(1, Start).Allowed);
        }

        LimitDecision refused = limits.TryTake(30, Start);
        Assert.Equal(LimitKind.TokensPerMinute, refused.Hit);
        Assert.Equal(TimeSpan.FromSeconds(30), refused.Error!.RetryAfter);
    }

    [Fact]
    public void The_end_of_a_request_corrects_its_estimate()
    {
        TenantLimits limits = new(new TenantLimitSettings { TokensPerMinute = 1000 }, Start);
        limits.TryTake(800, Start);
        limits.End(800, 100, Start);
        Assert.Equal(900, limits.TryTake(0, Start).Tokens!.Value.Remaining);

        // More than estimated is paid back before the next one.
        limits.TryTake(900, Start);
        limits.End(900, 1500, Start);
        LimitDecision refused = limits.TryTake(100, Start);
        Assert.Equal(LimitKind.TokensPerMinute, refused.Hit);
        Assert.Equal(0, refused.Tokens!.Value.Remaining);
        Assert.Equal(TimeSpan.FromSeconds(42), refused.Error!.RetryAfter);
    }

    [Fact]
    public void A_request_larger_than_a_minute_is_served_when_the_bucket_is_full_and_paid_for_after()
    {
        TenantLimits limits = new(new TenantLimitSettings { TokensPerMinute = 100 }, Start);
        Assert.True(limits.TryTake(300, Start).Allowed);
        LimitDecision refused = limits.TryTake(1, Start);
        Assert.Equal(TimeSpan.FromSeconds(120.6), refused.Error!.RetryAfter);
    }

    [Fact]
    public void What_runs_at_one_time_is_limited_and_given_back()
    {
        TenantLimits limits = new(new TenantLimitSettings { ConcurrentRequests = 2, ConcurrentTokens = 100 }, Start);
        Assert.True(limits.TryTake(60, Start).Allowed);
        Assert.Equal(LimitKind.ConcurrentTokens, limits.TryTake(50, Start).Hit);
        Assert.True(limits.TryTake(40, Start).Allowed);
        Assert.Equal(LimitKind.ConcurrentRequests, limits.TryTake(0, Start).Hit);
        limits.End(60, 60, Start);
        Assert.True(limits.TryTake(60, Start).Allowed);
    }

    [Fact]
    public void A_request_that_can_never_run_is_not_told_to_come_back()
    {
        TenantLimits limits = new(new TenantLimitSettings { ConcurrentTokens = 100 }, Start);
        LimitDecision refused = limits.TryTake(101, Start);
        Assert.Equal(LimitKind.ConcurrentTokens, refused.Hit);
        Assert.Equal(RetryClass.Never, refused.Error!.Retry);
        Assert.Contains("max_tokens", refused.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_keeps_what_was_used()
    {
        TenantLimits limits = new(new TenantLimitSettings { TokensPerMinute = 100, RequestsPerMinute = 5 }, Start);
        limits.TryTake(80, Start);
        limits.Reconfigure(new TenantLimitSettings { TokensPerMinute = 200, ConcurrentRequests = 1 }, Start);
        LimitDecision refused = limits.TryTake(1, Start);
        Assert.Equal(LimitKind.ConcurrentRequests, refused.Hit);
        Assert.Equal(120, refused.Tokens!.Value.Remaining);
        Assert.Null(refused.Requests);
    }

    [Fact]
    public void Headers_speak_as_those_of_the_api()
    {
        TenantLimits limits = new(new TenantLimitSettings { TokensPerMinute = 6000, RequestsPerMinute = 60 }, Start);
        HeaderDictionary headers = [];
        limits.TryTake(150, Start).WriteHeaders(headers);
        Assert.Equal("60", headers["x-ratelimit-limit-requests"]);
        Assert.Equal("59", headers["x-ratelimit-remaining-requests"]);
        Assert.Equal("1s", headers["x-ratelimit-reset-requests"]);
        Assert.Equal("6000", headers["x-ratelimit-limit-tokens"]);
        Assert.Equal("5850", headers["x-ratelimit-remaining-tokens"]);
        Assert.Equal("1.5s", headers["x-ratelimit-reset-tokens"]);
        HeaderDictionary none = [];
        new TenantLimits(new TenantLimitSettings(), Start).TryTake(1, Start).WriteHeaders(none);
        Assert.Empty(none);
    }

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(0.0004, "1ms")]
    [InlineData(0.02, "20ms")]
    [InlineData(59.5, "59.5s")]
    [InlineData(120, "2m0s")]
    [InlineData(361.25, "6m1.25s")]
    public void Durations_are_written_as_the_api_writes_them(double seconds, string text)
        => Assert.Equal(text, LimitDecision.Text(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Whatever_comes_the_rates_hold_and_nothing_leaks() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            Random random = new(seed);
            const long PerMinute = 1000;
            TenantLimits limits = new(new TenantLimitSettings { TokensPerMinute = PerMinute, RequestsPerMinute = 40, ConcurrentRequests = 6, ConcurrentTokens = 900 }, Start);
            List<long> running = [];
            TimeSpan now = Start;
            long used = 0;
            int admitted = 0;
            for (int i = 0; i < 400; i++)
            {
                now += TimeSpan.FromMilliseconds(random.Next(0, 2000));
                if (running.Count > 0 && random.Next(2) == 0)
                {
                    long taken = running[random.Next(running.Count)];
                    running.Remove(taken);
                    long really = random.NextInt64(0, taken + 1);
                    used += really;
                    limits.End(taken, really, now);
                }
                else
                {
                    long tokens = random.NextInt64(0, 400);
                    LimitDecision decision = limits.TryTake(tokens, now);
                    if (decision.Allowed)
                    {
                        running.Add(tokens);
                        admitted++;
                    }
                    else if (decision.Hit is LimitKind.RequestsPerMinute or LimitKind.TokensPerMinute)
                    {
                        Assert.True(decision.Error!.RetryAfter > TimeSpan.Zero);
                    }
                }

                double minutes = (now - Start).TotalMinutes;
                Assert.True(used <= PerMinute * (1 + minutes) + 1, "more tokens than the rate and one burst allow");
                Assert.True(admitted <= 40 * (1 + minutes) + 1, "more requests than the rate and one burst allow");
                Assert.Equal((running.Count, running.Sum()), (limits.RunningRequests, limits.RunningTokens));
                Assert.True(limits.TokenLevel <= PerMinute);
            }
        }));
}

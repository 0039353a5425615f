using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Tests.Admission;

/// <summary>The limit against a simulated engine in virtual time: so many sequences run at one time, further requests wait inside it.</summary>
public sealed class ConcurrencyLimitTests
{
    [Theory]
    [InlineData(8, 1)]
    [InlineData(32, 2)]
    [InlineData(100, 3)]
    public void It_finds_the_knee_of_an_engine(int slots, int seed)
    {
        Engine engine = new(slots, seed);
        engine.RunUntil(120);
        (double throughput, double ttftRatio, double limit) = engine.Measure(120, 300);
        Assert.True(throughput >= 0.9, $"only {throughput:0.00} of what the engine can do, at limit {limit:0}");
        Assert.True(ttftRatio <= 3, $"TTFT is {ttftRatio:0.0} times that of an idle engine, at limit {limit:0}");
        Assert.InRange(limit, slots * 0.8, slots * 2);
    }

    [Theory]
    [InlineData(16, 4)]
    [InlineData(64, 5)]
    public void It_comes_back_after_a_slow_spell(int slots, int seed)
    {
        Engine engine = new(slots, seed) { SlowFrom = 200, SlowUntil = 320, Slowness = 6 };
        engine.RunUntil(320);
        engine.RunUntil(420);
        (double throughput, double ttftRatio, double limit) = engine.Measure(420, 560);
        Assert.True(throughput >= 0.9, $"only {throughput:0.00} of what the engine can do, at limit {limit:0}");
        Assert.True(ttftRatio <= 3, $"TTFT is {ttftRatio:0.0} times that of an idle engine, at limit {limit:0}");
    }

    [Fact]
    public void An_engine_that_nobody_fills_keeps_its_limit_and_a_light_load_does_not_raise_it()
    {
        ConcurrencyLimit limit = new(20, 2, 100);
        TimeSpan now = TimeSpan.Zero;
        for (int i = 0; i < 500; i++)
        {
            now += TimeSpan.FromMilliseconds(200);
            limit.Sent();
            limit.FirstToken(100, TimeSpan.FromMilliseconds(50), now);
            limit.Ended();
        }

        Assert.Equal(20, limit.Limit);
        Assert.Equal(0, limit.InFlight);
    }

    [Fact]
    public void Refusals_of_the_engine_lower_it_once_a_second_and_never_below_the_least()
    {
        ConcurrencyLimit limit = new(100, 5, 100);
        for (int i = 0; i < 50; i++)
        {
            limit.Refused(TimeSpan.FromMilliseconds(10 * i));
        }

        Assert.Equal(90, limit.Limit);
        for (int i = 1; i < 100; i++)
        {
            limit.Refused(TimeSpan.FromSeconds(i + 1));
        }

        Assert.Equal(5, limit.Limit);
    }

    [Fact]
    public void It_is_at_its_limit_when_as_many_run()
    {
        ConcurrencyLimit limit = new(2, 1, 10);
        limit.Sent();
        Assert.False(limit.AtLimit);
        limit.Sent();
        Assert.True(limit.AtLimit);
        limit.Ended();
        Assert.False(limit.AtLimit);
    }

    private sealed class Engine(int slots, int seed)
    {
        private const double Decode = 2;
        private readonly Random _random = new(seed);
        private readonly ConcurrencyLimit _limit = new(4, 2, 1000);
        private readonly PriorityQueue<(bool First, double Sent, long Tokens, double Prefill), double> _events = new();
        private readonly Queue<(double Sent, long Tokens)> _inside = new();
        private int _running;
        private double _now;
        private int _finished;
        private double _ratios;
        private int _firsts;
        private double _limits;

        public double SlowFrom { get; init; } = double.MaxValue;

        public double SlowUntil { get; init; } = double.MaxValue;

        public double Slowness { get; init; } = 1;

        private double Pace => _now >= SlowFrom && _now < SlowUntil ? Slowness : 1;

        public (double Throughput, double TtftRatio, double Limit) Measure(double from, double until)
        {
            (_finished, _ratios, _firsts, _limits) = (0, 0, 0, 0);
            RunUntil(until);
            double possible = slots * (until - from) / (Decode + MeanPrefill);
            return (_finished / possible, _ratios / _firsts, _limits / _firsts);
        }

        private static double MeanPrefill => Prefill(2000);

        private static double Prefill(long tokens) => 0.02 + tokens * 1e-4;

        /// <summary>Clients always want more: whatever the limit allows is sent.</summary>
        public void RunUntil(double end)
        {
            Fill();
            while (_events.TryPeek(out _, out double at) && at <= end)
            {
                ((bool first, double sent, long tokens, double prefill), _) = (_events.Dequeue(), _now = at);
                if (first)
                {
                    _limit.FirstToken(tokens, TimeSpan.FromSeconds(_now - sent), TimeSpan.FromSeconds(_now));
                    _ratios += (_now - sent) / Prefill(tokens);
                    _limits += _limit.Limit;
                    _firsts++;
                    _events.Enqueue((false, sent, tokens, prefill), _now + Decode * Pace * (0.5 + _random.NextDouble()));
                }
                else
                {
                    _running--;
                    _finished++;
                    _limit.Ended();
                    Begin();
                }

                Fill();
            }
        }

        private void Fill()
        {
            while (!_limit.AtLimit)
            {
                _limit.Sent();
                _inside.Enqueue((_now, _random.Next(1000, 3000)));
                Begin();
            }
        }

        private void Begin()
        {
            while (_running < slots && _inside.TryDequeue(out (double Sent, long Tokens) next))
            {
                _running++;
                double prefill = Prefill(next.Tokens) * Pace * (0.9 + 0.2 * _random.NextDouble());
                _events.Enqueue((true, next.Sent, next.Tokens, prefill), _now + prefill);
            }
        }
    }
}

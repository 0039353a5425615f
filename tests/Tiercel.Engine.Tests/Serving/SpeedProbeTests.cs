using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Scheduling;
using Tiercel.Engine.Serving;
using Tiercel.Engine.Tests.Models;

namespace Tiercel.Engine.Tests.Serving;

public sealed class SpeedProbeTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(50);

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(60)]
    public void A_prompt_never_seems_to_cost_nothing_however_the_machine_disturbs_the_measurement(int slowReadings)
    {
        GoldenModel golden = GoldenModel.Find("qwen3");
        using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, KvType.F16);
        SpeedProbe probe = new(model.Model, model.Cache, [.. Enumerable.Range(0, 16)], new SchedulerOptions { ContextLength = 256 }, new DisturbedClock(slowReadings));
        SpeedProfile speed = probe.Measure(Budget)!;
        Assert.True(speed.PrefillSecondsPerToken > 0, $"{speed}");
        Assert.True(speed.DecodeBaseSeconds + speed.DecodeSecondsPerSequence > 0, $"{speed}");
    }

    /// <summary>A millisecond passes between two readings, and a second between each of the first ones: something else has the processor.</summary>
    private sealed class DisturbedClock(int slowReadings) : TimeProvider
    {
        private long _readings;
        private long _milliseconds;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _milliseconds += _readings++ < slowReadings ? 1000 : 1;
    }
}

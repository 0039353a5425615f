using Tiercel.Cli.ModelStore;

namespace Tiercel.Cli.Tests.ModelStore;

public sealed class TransferRateTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void The_rate_is_the_mean_of_the_last_ten_samples()
    {
        TransferRate rate = new(_time);
        long bytes = 0;
        rate.Add(0);
        Assert.Null(rate.For(100));
        for (int i = 0; i < 20; i++)
        {
            // The first ten seconds at 100 bytes each, the next ten at 300.
            _time.Seconds++;
            bytes += i < 10 ? 100 : 300;
            rate.Add(bytes);
        }

        Assert.Equal(300, rate.BytesPerSecond, 6);
        Assert.Equal(TimeSpan.FromSeconds(2), rate.For(600));
    }

    [Fact]
    public void Samples_are_a_fifth_of_a_second_apart()
    {
        TransferRate rate = new(_time);
        Assert.True(rate.Add(0));
        _time.Seconds = 0.1;
        Assert.False(rate.Add(1_000_000));
        _time.Seconds = 0.25;
        Assert.True(rate.Add(1000));
        Assert.Equal(4000, rate.BytesPerSecond, 6);
    }

    [Fact]
    public void Starting_over_forgets_the_samples_before()
    {
        TransferRate rate = new(_time);
        rate.Add(1000);
        _time.Seconds = 1;
        rate.Add(0);
        Assert.Equal(0, rate.BytesPerSecond);
        _time.Seconds = 2;
        rate.Add(50);
        Assert.Equal(50, rate.BytesPerSecond, 6);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1 kB")]
    [InlineData(999_600, "1 MB")]
    [InlineData(98_362_432, "98.4 MB")]
    [InlineData(4_920_000_000, "4.92 GB")]
    [InlineData(long.MaxValue, "9.22 EB")]
    public void Sizes_are_readable(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));

    private sealed class ManualTime : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }
}

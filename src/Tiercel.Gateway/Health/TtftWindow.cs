namespace Tiercel.Gateway.Health;

/// <summary>Times to the first token of the last thirty seconds on one replica, the newest 64 of them.</summary>
internal sealed class TtftWindow
{
    public const int Capacity = 64;

    /// <summary>How long a sample counts.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    // A prediction shorter than this is not what a ratio should be taken of.
    private static readonly TimeSpan ShortestExpected = TimeSpan.FromMilliseconds(20);

    private readonly (TimeSpan At, double Seconds, double Ratio)[] _samples = new (TimeSpan, double, double)[Capacity];
    private int _next;
    private int _count;

    public void Add(TimeSpan ttft, TimeSpan? expected, TimeSpan now)
    {
        double ratio = expected is { } e ? ttft / (e > ShortestExpected ? e : ShortestExpected) : double.NaN;
        _samples[_next] = (now, ttft.TotalSeconds, ratio);
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
    }

    public void Clear() => _count = 0;

    /// <summary>Samples that still count, their median in seconds, and the median of their ratios to what was expected (NaN when one had no expectation).</summary>
    public (int Count, double Seconds, double Ratio) Summarise(TimeSpan now)
    {
        Span<double> seconds = stackalloc double[Capacity];
        Span<double> ratios = stackalloc double[Capacity];
        int count = 0;
        bool allExpected = true;
        for (int i = 0; i < _count; i++)
        {
            (TimeSpan at, double value, double ratio) = _samples[(_next - 1 - i + (2 * Capacity)) % Capacity];
            if (now - at > Length)
            {
                break;
            }

            seconds[count] = value;
            ratios[count++] = ratio;
            allExpected &= !double.IsNaN(ratio);
        }

        return (count, Median(seconds[..count]), allExpected ? Median(ratios[..count]) : double.NaN);
    }

    /// <summary>The middle value, the upper one of two; NaN of nothing. Sorts in place.</summary>
    public static double Median(Span<double> values)
    {
        values.Sort();
        return values.IsEmpty ? double.NaN : values[values.Length / 2];
    }
}

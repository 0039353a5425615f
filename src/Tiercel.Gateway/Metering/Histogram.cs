namespace Tiercel.Gateway.Metering;

/// <summary>Counts observations in fixed buckets; safe to use from many threads without a lock.</summary>
internal sealed class Histogram
{
    private readonly long[] _counts;
    private double _sum;

    /// <param name="bounds">Upper bounds, inclusive, growing; the last bucket is everything above.</param>
    public Histogram(params double[] bounds)
    {
        Bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    public double[] Bounds { get; }

    public double Sum => Volatile.Read(ref _sum);

    public void Observe(double value)
    {
        int bucket = Array.BinarySearch(Bounds, value);
        Interlocked.Increment(ref _counts[bucket >= 0 ? bucket : ~bucket]);
        double seen = Volatile.Read(ref _sum);
        while (true)
        {
            double before = Interlocked.CompareExchange(ref _sum, seen + value, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>How many observations are in each bucket, not cumulated; the last is the one above all bounds.</summary>
    public long[] Snapshot()
    {
        long[] counts = new long[_counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        return counts;
    }
}

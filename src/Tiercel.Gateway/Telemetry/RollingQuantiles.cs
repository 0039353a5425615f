namespace Tiercel.Gateway.Telemetry;

/// <summary>Quantiles of the last 30 to 60 seconds, to within 10 %, in constant memory.</summary>
internal sealed class RollingQuantiles
{
    private const int Buckets = 80;
    private const double Smallest = 0.0005;
    private const double Growth = 1.2;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    private int[] _current = new int[Buckets];
    private int[] _previous = new int[Buckets];
    private long _window;

    public void Add(double seconds, TimeSpan now)
    {
        Roll(now);
        _current[Math.Clamp((int)Math.Ceiling(Math.Log(seconds / Smallest, Growth)), 0, Buckets - 1)]++;
    }

    /// <summary>The middle of the bucket that the quantile falls into; null where nothing was added.</summary>
    public double? Quantile(double share, TimeSpan now)
    {
        Roll(now);
        long total = _current.Sum() + _previous.Sum();
        long wanted = (long)Math.Ceiling(share * total);
        for (int i = 0; i < Buckets && total > 0; i++)
        {
            wanted -= _current[i] + _previous[i];
            if (wanted <= 0)
            {
                return Smallest * Math.Pow(Growth, i - 0.5);
            }
        }

        return null;
    }

    private void Roll(TimeSpan now)
    {
        long window = now.Ticks / Window.Ticks;
        if (window == _window)
        {
            return;
        }

        (_previous, _current) = (_current, _previous);
        Array.Clear(_current);
        if (window != _window + 1)
        {
            Array.Clear(_previous);
        }

        _window = window;
    }
}
